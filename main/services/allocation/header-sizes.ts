import { fileTypeOf } from '../../engine/allocation/file-type-of.ts'
import type { Model } from '../../engine/formats/model.ts'
import { FORMATS } from '../../engine/quantizers/registry.ts'
import { typeByName } from '../../engine/tensor/type-geometry.ts'
import { measureExport } from '../exports/output-layout.ts'
import type { ImatrixOrigin } from '../measurements/statistics-files.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'

/**
 * Bytes in front of the tensors of an exported file.
 *
 * They depend little on the choices: on whether anything is changed, whether a tensor is quantized and whether the file gets
 * a `general.file_type`. So one measurement stands for all choices that are alike in this.
 */
export class HeaderSizes {
  readonly #model: Model
  readonly #origin: ImatrixOrigin | null
  readonly #mayLackFileType: boolean
  readonly #byKind = new Map<string, number>()
  readonly #byTensors = new WeakMap<readonly ResolvedTensor[], number>()

  constructor(model: Model, origin: ImatrixOrigin | null) {
    this.#model = model
    this.#origin = origin
    const types = [...FORMATS.map(({ name }) => name), ...model.tensors.map(({ type }) => type)]
    this.#mayLackFileType = [...new Set(types)].some((format) => fileTypeOf([{ format, bytes: 1 }]) === null)
  }

  /** @throws QuantaloupeError as `measureExport` */
  of(resolved: readonly ResolvedTensor[]): number {
    const known = this.#byTensors.get(resolved)
    if (known !== undefined) return known
    const kind = kindOf(resolved, this.#mayLackFileType)
    const headerBytes = this.#byKind.get(kind) ?? this.#measure(resolved)
    this.#byKind.set(kind, headerBytes)
    this.#byTensors.set(resolved, headerBytes)
    return headerBytes
  }

  #measure(resolved: readonly ResolvedTensor[]): number {
    return measureExport(this.#model, resolved, { imatrix: this.#origin }).headerBytes
  }
}

function kindOf(resolved: readonly ResolvedTensor[], mayLackFileType: boolean): string {
  if (resolved.every(({ change }) => change === null)) return 'copy'
  const isQuantized = resolved.some(({ change, tensor }) =>
    isQuantizedType(change?.format.name ?? tensor.type),
  )
  const lacksFileType = mayLackFileType && fileTypeOf(resolved.map(storedAs)) === null
  return `${lacksFileType ? 'no file type' : 'file type'}, ${isQuantized ? 'quantized' : 'floats'}`
}

function isQuantizedType(name: string): boolean {
  return typeByName(name)?.kind === 'quantized'
}

function storedAs({ tensor, change, bytes }: ResolvedTensor) {
  return { format: change?.format.name ?? tensor.type, bytes }
}
