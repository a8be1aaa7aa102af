/** Distribution of a tensor's weights; non-finite ones are only counted. */
export interface Histogram {
  readonly minimum: number
  readonly maximum: number
  readonly mean: number
  readonly standardDeviation: number
  readonly zeros: number
  readonly nonFinite: number
  readonly count: number
  readonly sampledRows: number
  readonly rows: number
  /** Equal-width bins from minimum to maximum. */
  readonly counts: readonly number[]
}
