import type { Model } from '../../engine/formats/model.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { Cache } from '../cache/cache.ts'
import { fileOf } from './tensor-source.ts'

/** Fingerprints of tensors that were read before: from this run's memory, then from the cache. */
export class KnownFingerprints {
  readonly #cache: Cache
  readonly #byModel = new WeakMap<Model, Map<string, string>>()

  constructor(cache: Cache) {
    this.#cache = cache
  }

  find(model: Model, tensor: Tensor): string | null {
    const known = this.#of(model)
    const fingerprint =
      known.get(tensor.name) ??
      this.#cache.use(({ fingerprints }) => fingerprints.find(fileOf(model, tensor), tensor))
    if (fingerprint !== null) known.set(tensor.name, fingerprint)
    return fingerprint
  }

  store(model: Model, tensor: Tensor, fingerprint: string): void {
    this.#of(model).set(tensor.name, fingerprint)
    this.#cache.use(({ fingerprints }) => fingerprints.store(fileOf(model, tensor), tensor, fingerprint))
  }

  #of(model: Model): Map<string, string> {
    const known = this.#byModel.get(model) ?? new Map<string, string>()
    this.#byModel.set(model, known)
    return known
  }
}
