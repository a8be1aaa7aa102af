import type { UnusableImportance } from '../../engine/importance/match-importance.ts'
import type { SharedCovariance, SharedImportance, TensorSource } from '../../workers/protocol.ts'

/** A tensor's vectors, shared with the workers, and the digest that stands for them in the cache. */
export interface TensorImportance {
  readonly shared: SharedImportance
  readonly fingerprint: string
}

/** Second moments of the tensors' inputs; matrices are large and read one at a time. */
export interface CovarianceSource {
  /** Where the tensor's matrix is stored; null without one. */
  source(tensor: string): TensorSource | null
  /** @throws QuantaloupeError `BAD_COVARIANCE`, `FILE_CHANGED` */
  load(tensor: string): SharedCovariance | null
}

/** What is known of the activations that a model's tensors meet. */
export interface ActivationStatistics {
  /** By tensor name. */
  readonly importance: ReadonlyMap<string, TensorImportance>
  /** By tensor name: entries that can not be used. */
  readonly unusable: ReadonlyMap<string, UnusableImportance>
  readonly covariance: CovarianceSource
}

const NO_COVARIANCE: CovarianceSource = { source: () => null, load: () => null }

export const NO_STATISTICS: ActivationStatistics = {
  importance: new Map(),
  unusable: new Map(),
  covariance: NO_COVARIANCE,
}
