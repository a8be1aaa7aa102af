import type { ModelId } from '../../../preload/contract.ts'
import type { Core } from '../core.ts'
import { JobSwitch } from '../jobs/job.ts'
import type { Library } from '../library/library.ts'
import type { Lazy } from '../lazy.ts'
import { diffModels } from './diff-models.ts'
import type { TensorDifference } from './diff-models.ts'

export interface DiffOptions {
  readonly signal?: AbortSignal
  /** Tensors compared so far, of all that both models have. */
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
}
