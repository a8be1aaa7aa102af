import type { TensorSource } from '../../workers/protocol.ts'
import type { JobContext } from '../jobs/job.ts'
import type { KnownFingerprints } from '../measurements/known-fingerprints.ts'

/** Fingerprints for one job: known ones, and those that its threads read. */
export class FingerprintReader {
  readonly #known: KnownFingerprints
  readonly #readings = new Map<string, Promise<string>>()

  constructor(known: KnownFingerprints) {
    this.#known = known
  }

  find(source: TensorSource): string | null {
    return this.#known.find(source)
  }

  /** Tensors that share a matrix wait for one reading of it. @throws QuantaloupeError `FILE_CHANGED`, `CANCELLED` */
  async read(context: JobContext, source: TensorSource): Promise<string> {
    const known = this.find(source)
    if (known !== null) return known
    const place = `${source.file.identity} ${source.offsetBytes} ${source.bytes}`
    const reading = this.#readings.get(place) ?? context.run<'fingerprint'>({ kind: 'fingerprint', source })
    this.#readings.set(place, reading)
    const fingerprint = await reading
    this.#known.store(source, fingerprint)
    return fingerprint
  }
}
