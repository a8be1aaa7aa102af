import type { Model } from '../../engine/formats/model.ts'
import type { ErrorProfile, Measurement } from '../../engine/metrics/measurement.ts'
import { bitsPerWeight, encodedBytes } from '../../engine/quantizers/format.ts'
import type { Format, Method } from '../../engine/quantizers/format.ts'
import { FORMATS } from '../../engine/quantizers/registry.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { CachedMeasurement } from '../../../preload/contract.ts'
import type { Cache } from '../cache/cache.ts'
import type { ErrorsByFormat } from '../cache/error-memo.ts'
import type { Figures, MeasurementKey } from '../cache/measurements.ts'
import type { ActivationStatistics } from './activation-statistics.ts'
import type { KnownFingerprints } from './known-fingerprints.ts'
import { effectiveFormat } from './targets.ts'
import { tensorSource } from './tensor-source.ts'

/** Figures as those of one tensor and requested format. */
export function measurementOf(
  tensor: Tensor,
  requested: string,
  effective: Format,
  method: Method,
  figures: Figures,
): Measurement {
  return {
    tensor: tensor.name,
    format: requested,
    effectiveFormat: effective.name,
    method,
    bytes: encodedBytes(effective, weightCount(tensor)),
    bpw: bitsPerWeight(effective),
    ...figures,
  }
}

const NOTHING_KNOWN: ErrorsByFormat = new Map()

/** What the cache knows of opened models; nothing is measured or read from the model here. */
export class KnownMeasurements {
  readonly #cache: Cache
  readonly #fingerprints: KnownFingerprints

  constructor(cache: Cache, fingerprints: KnownFingerprints) {
    this.#cache = cache
    this.#fingerprints = fingerprints
  }

  /** Changes whenever something may be known that was not known before. */
  version(): string {
    return `${this.#fingerprints.version} ${this.#cache.use(({ measurements }) => measurements.version())}`
  }

  /** Errors of a tensor in all effective formats and methods at once, as of the last call of `version`. */
  errors(model: Model, tensor: Tensor, statistics: ActivationStatistics): ErrorsByFormat {
    const fingerprint = this.#fingerprints.find(tensorSource(model, tensor))
    if (fingerprint === null) return NOTHING_KNOWN
    const importance = statistics.importance.get(tensor.name)?.fingerprint ?? ''
    return this.#cache.use(({ measurements }) => measurements.errorsOf({ fingerprint, importance }))
  }

  /** Null where the tensor was never read or this format never measured. */
  find(
    model: Model,
    tensor: Tensor,
    format: Format,
    method: Method,
    statistics: ActivationStatistics,
  ): CachedMeasurement | null {
    const effective = effectiveFormat(format, tensor)
    const key = this.#key(model, tensor, effective, method, statistics)
    const stored = key && this.#cache.use(({ measurements }) => measurements.findAny(key))
    return (
      stored && { ...measurementOf(tensor, format.name, effective, method, stored.figures), cached: true }
    )
  }

  /** All tensors in one format. */
  ofFormat(
    model: Model,
    format: Format,
    method: Method,
    statistics: ActivationStatistics,
  ): CachedMeasurement[] {
    return model.tensors
      .map((tensor) => this.find(model, tensor, format, method, statistics))
      .filter((measurement) => measurement !== null)
  }

  /** One tensor in all formats that fit its rows, and all methods. */
  ofTensor(model: Model, tensor: Tensor, statistics: ActivationStatistics): CachedMeasurement[] {
    return FORMATS.filter((format) => effectiveFormat(format, tensor) === format)
      .flatMap((format) =>
        methodsOf(format).map((method) => this.find(model, tensor, format, method, statistics)),
      )
      .filter((measurement) => measurement !== null)
  }

  profile(
    model: Model,
    tensor: Tensor,
    format: Format,
    method: Method,
    statistics: ActivationStatistics,
  ): ErrorProfile | null {
    const key = this.#key(model, tensor, effectiveFormat(format, tensor), method, statistics)
    return key && this.#cache.use(({ measurements }) => measurements.profile(key))
  }

  #key(
    model: Model,
    tensor: Tensor,
    { name }: Format,
    method: Method,
    statistics: ActivationStatistics,
  ): Omit<MeasurementKey, 'covariance'> | null {
    const fingerprint = this.#fingerprints.find(tensorSource(model, tensor))
    if (fingerprint === null) return null
    const importance = statistics.importance.get(tensor.name)?.fingerprint ?? ''
    return { fingerprint, format: name, method, importance }
  }
}

const methodsOf = (format: Format): Method[] => Object.keys(format.methods) as Method[]
