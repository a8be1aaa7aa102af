import type { ModelFile } from '../../engine/formats/model.ts'
import type { TensorSource } from '../../workers/protocol.ts'
import type { Cache } from '../cache/cache.ts'

/** Fingerprints of tensors and matrices that were read before: from this run's memory, then from the cache. */
export class KnownFingerprints {
  readonly #cache: Cache
  readonly #byFile = new WeakMap<ModelFile, Map<string, string>>()
  #stored = 0

  constructor(cache: Cache) {
    this.#cache = cache
  }

  /** Grows with every fingerprint that is read. */
  get version(): number {
    return this.#stored
  }

  find(source: TensorSource): string | null {
    const known = this.#of(source.file)
    const fingerprint =
      known.get(source.name) ?? this.#cache.use(({ fingerprints }) => fingerprints.find(source.file, source))
    if (fingerprint !== null) known.set(source.name, fingerprint)
    return fingerprint
  }

  store(source: TensorSource, fingerprint: string): void {
    this.#stored += 1
    this.#of(source.file).set(source.name, fingerprint)
    this.#cache.use(({ fingerprints }) => fingerprints.store(source.file, source, fingerprint))
  }

  #of(file: ModelFile): Map<string, string> {
    const known = this.#byFile.get(file) ?? new Map<string, string>()
    this.#byFile.set(file, known)
    return known
  }
}
