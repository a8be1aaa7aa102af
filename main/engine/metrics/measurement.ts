import type { Method } from '../quantizers/format.ts'

/**
 * Error figures of one tensor in one format and method (definitions in `main/engine/metrics/README.md`).
 *
 * Figures that have no meaning here are null: no importance, no covariance, an all-zero tensor.
 */
export interface Measurement {
  readonly tensor: string
  /** The format that was asked for. */
  readonly format: string
  /** The format that the row length allows (shape fallback). */
  readonly effectiveFormat: string
  readonly method: Method
  readonly bytes: number
  readonly bpw: number
  readonly mse: number | null
  readonly rmse: number | null
  readonly relativeError: number | null
  readonly weightedRelativeError: number | null
  readonly outputRelativeError: number | null
  readonly cosine: number | null
  /** Degrees. */
  readonly angle: number | null
  readonly maxAbsError: number | null
  /** Decibel. */
  readonly sqnr: number | null
  readonly sampledRows: number
  readonly rows: number
  /** Of `relativeError`; null when every row was measured. */
  readonly standardError: number | null
  /** NaN and infinite source weights, left out of the sums. */
  readonly nonFinite: number
}

/** Measures that the window and the command line can show. */
export type Measure =
  | 'relativeError'
  | 'weightedRelativeError'
  | 'outputRelativeError'
  | 'mse'
  | 'rmse'
  | 'cosine'
  | 'angle'
  | 'maxAbsError'
  | 'sqnr'

/** Row bands and column bands of an error profile. */
export const PROFILE_SIZE = 64

/** Mean squared error over a grid of row bands x column bands, row-major; NaN where no row was sampled. */
export interface ErrorProfile {
  readonly rowBands: number
  readonly columnBands: number
  readonly values: readonly number[]
}
