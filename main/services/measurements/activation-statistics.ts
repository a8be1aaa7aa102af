import type { SharedCovariance, SharedImportance } from '../../workers/protocol.ts'

/** A vector or matrix of one tensor, shared with the workers, and the digest that stands for it in the cache. */
export interface Fingerprinted<T> {
  readonly shared: T
  readonly fingerprint: string
}

/** What is known of the activations that a model's tensors meet, by tensor name. */
export interface ActivationStatistics {
  readonly importance: ReadonlyMap<string, Fingerprinted<SharedImportance>>
  readonly covariance: ReadonlyMap<string, Fingerprinted<SharedCovariance>>
}

export const NO_STATISTICS: ActivationStatistics = { importance: new Map(), covariance: new Map() }
