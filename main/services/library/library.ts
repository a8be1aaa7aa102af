import { statSync } from 'node:fs'
import { QuantaloupeError } from '../../engine/errors.ts'
import type { ModelFile, Model } from '../../engine/formats/model.ts'
import { readMetadataArray } from '../../engine/formats/metadata.ts'
import { openModel } from '../../engine/formats/open-model.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { MetadataPage, ModelSummary, RecentModel } from '../../../preload/contract.ts'
import type { Cache } from '../cache/cache.ts'
import { findImatrix } from './imatrix-beside.ts'
import { metadataPage } from './metadata-rows.ts'
import type { ServedPaths } from './paths.ts'
import { summarizeModel } from './summary.ts'

/** A model of the library while the host runs. */
export interface OpenedModel {
  readonly id: string
  readonly model: Model
  readonly summary: ModelSummary
  readonly tensors: ReadonlyMap<string, Tensor>
}

export interface LibraryParts {
  readonly served: ServedPaths
  /** Where recent models are kept; null for a host that keeps none. */
  readonly recents: (() => Promise<Cache>) | null
  readonly onModels: (models: readonly ModelSummary[]) => void
}

/** The opened models and the recent ones. */
export class Library {
  readonly #parts: LibraryParts
  readonly #opened = new Map<string, OpenedModel>()
  #count = 0

  constructor(parts: LibraryParts) {
    this.#parts = parts
  }

  /**
   * Opens headers only; a model that is open and unchanged is given again.
   *
   * @throws QuantaloupeError what the readers report, `OUTSIDE_ROOTS`
   */
  async open(path: string): Promise<OpenedModel> {
    const model = openModel(this.#parts.served.existing(path))
    for (const file of model.files) this.#parts.served.existing(file.path)
    const opened = this.#known(model) ?? this.#add(model)
    await this.#remember(opened.summary)
    return opened
  }

  close(id: string): void {
    this.get(id)
    this.#opened.delete(id)
    this.#tell()
  }

  list(): ModelSummary[] {
    return [...this.#opened.values()].map((opened) => opened.summary)
  }

  /** @throws QuantaloupeError `UNKNOWN_MODEL` */
  get(id: string): OpenedModel {
    const opened = this.#opened.get(id)
    if (opened) return opened
    const remedy = 'Open the model again.'
    throw new QuantaloupeError('UNKNOWN_MODEL', 'This model is not open', { place: id, remedy })
  }

  /** @throws QuantaloupeError `UNKNOWN_MODEL`, `UNKNOWN_TENSOR` */
  tensor(id: string, name: string): { readonly opened: OpenedModel; readonly tensor: Tensor } {
    const opened = this.get(id)
    return { opened, tensor: tensorOf(opened, name) }
  }

  /** @throws QuantaloupeError `UNKNOWN_MODEL`, `UNKNOWN_KEY`, `NOT_AN_ARRAY`, what the reader reports */
  metadataArray(id: string, key: string, offset: number, length: number): MetadataPage {
    const { model } = this.get(id)
    const entry = model.metadata.get(key)
    if (!entry) throw new QuantaloupeError('UNKNOWN_KEY', 'The model has no such key', { place: key })
    if (!entry.array) throw new QuantaloupeError('NOT_AN_ARRAY', 'This key holds no array', { place: key })
    return metadataPage(offset, entry.array.length, readMetadataArray(model, entry, offset, length))
  }

  async recent(): Promise<RecentModel[]> {
    const cache = await this.#parts.recents?.()
    const rows = cache?.use(({ recentModels }) => recentModels.list()) ?? []
    return rows.map((row) => ({ ...row, exists: this.#isReachable(row.path) }))
  }

  async forget(path: string): Promise<void> {
    const cache = await this.#parts.recents?.()
    cache?.use(({ recentModels }) => recentModels.forget(path))
  }

  #isReachable(path: string): boolean {
    try {
      return statSync(this.#parts.served.existing(path)) !== undefined
    } catch {
      return false
    }
  }

  #known(model: Model): OpenedModel | undefined {
    return [...this.#opened.values()].find(
      (opened) => opened.model.path === model.path && sameFiles(opened.model.files, model.files),
    )
  }

  #add(model: Model): OpenedModel {
    this.#count += 1
    const id = `model-${this.#count}`
    const tensors = new Map(model.tensors.map((tensor) => [tensor.name, tensor]))
    // An earlier opening of a file that has changed since is of no more use.
    for (const stale of this.#opened.values()) {
      if (stale.model.path === model.path) this.#opened.delete(stale.id)
    }
    const opened = { id, model, tensors, summary: summarizeModel(id, model, findImatrix(model)) }
    this.#opened.set(id, opened)
    this.#tell()
    return opened
  }

  /** The list is a convenience: a cache that can not be used is told by whatever needs it, and keeps no model closed. */
  async #remember({ path, name }: ModelSummary): Promise<void> {
    try {
      const cache = await this.#parts.recents?.()
      cache?.use(({ recentModels }) => recentModels.add({ path, name, openedAt: new Date().toISOString() }))
    } catch (error) {
      if (!(error instanceof QuantaloupeError)) throw error
    }
  }

  #tell(): void {
    this.#parts.onModels(this.list())
  }
}

/** @throws QuantaloupeError `UNKNOWN_TENSOR` */
export function tensorOf(opened: OpenedModel, name: string): Tensor {
  const tensor = opened.tensors.get(name)
  if (tensor) return tensor
  throw new QuantaloupeError('UNKNOWN_TENSOR', 'The model has no such tensor', { place: name })
}

function sameFiles(a: readonly ModelFile[], b: readonly ModelFile[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
