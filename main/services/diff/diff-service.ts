import type { ModelId, ReplyOf, RequestOf } from '../../../preload/contract.ts'
import { QuantaloupeError } from '../../engine/errors.ts'
import type { Core } from '../core.ts'
import { JobSwitch } from '../jobs/job.ts'
import type { Library } from '../library/library.ts'
import type { Lazy } from '../lazy.ts'
import { alignTensors, describePair } from './align-tensors.ts'
import { diffModels, pairError } from './diff-models.ts'
import type { TensorDifference } from './diff-models.ts'

export interface DiffOptions {
  readonly signal?: AbortSignal
  /** Tensors compared so far, of all that A has. */
  readonly onProgress?: (done: number, total: number) => void
}

/** Compares models. */
export class DiffService {
  readonly #core: Lazy<Core>
  readonly #library: Library
  readonly #useNative: boolean

  constructor(core: Lazy<Core>, library: Library, useNative: boolean) {
    this.#core = core
    this.#library = library
    this.#useNative = useNative
  }

  /** @throws QuantaloupeError `UNKNOWN_MODEL`, `FILE_CHANGED`, `CANCELLED` */
  async compare(a: ModelId, b: ModelId, options: DiffOptions = {}): Promise<TensorDifference[]> {
    const [left, right] = [this.#library.get(a).model, this.#library.get(b).model]
    const { pool } = await this.#core.get()
    const total = left.tensors.length
    const control: JobSwitch = new JobSwitch(pool, this.#useNative, () =>
      options.onProgress?.(control.tensorsDone, total),
    )
    const cancel = (): void => control.cancel()
    options.signal?.addEventListener('abort', cancel, { once: true })
    if (options.signal?.aborted) cancel()
    try {
      return await diffModels(left, right, control)
    } finally {
      options.signal?.removeEventListener('abort', cancel)
    }
  }

  /** Types, shapes and sizes only; reads no weights. @throws QuantaloupeError `UNKNOWN_MODEL` */
  pairs({ a, b }: RequestOf<'models.pairs'>): ReplyOf<'models.pairs'> {
    return alignTensors(this.#library.get(a).model, this.#library.get(b).model).map(describePair)
  }

  /**
   * Compares one pair, on the thread that answers while a job runs.
   *
   * @throws QuantaloupeError `UNKNOWN_MODEL`, `UNKNOWN_TENSOR`, `FILE_CHANGED`
   */
  async pairError({ a, b, tensor }: RequestOf<'models.pairError'>): Promise<ReplyOf<'models.pairError'>> {
    const [left, right] = [this.#library.get(a), this.#library.get(b)]
    const pair = {
      name: tensor,
      a: left.tensors.get(tensor) ?? null,
      b: right.tensors.get(tensor) ?? null,
    }
    if (!pair.a && !pair.b) {
      throw new QuantaloupeError('UNKNOWN_TENSOR', 'Neither model has such a tensor', { place: tensor })
    }
    const { lane } = await this.#core.get()
    const control = new JobSwitch(lane, this.#useNative, () => {})
    return pairError({ a: left.model, b: right.model }, pair, control)
  }
}
