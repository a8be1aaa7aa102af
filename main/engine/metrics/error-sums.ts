import { SUM } from './accumulate.ts'

/**
 * Sums over some rows of one tensor in one format, from which every figure of a `Measurement` follows.
 *
 * Everything is accumulated in double precision, row by row in order.
 */
export interface ErrorSums {
  /** Rows measured, and rows the band has in all. */
  rows: number
  bandRows: number
  /** Finite weights counted in the sums. */
  weights: number
  nonFinite: number
  /** sum (q - w)^2, sum w^2, sum q^2. */
  error2: number
  weight2: number
  quant2: number
  /** sum h (q - w)^2, sum h w^2; both 0 without importance. */
  importanceError2: number
  importanceWeight2: number
  /** tr(E Sigma E^T), tr(W Sigma W^T); both 0 without covariance. */
  outputError2: number
  outputWeight2: number
  maxAbsError: number
  /** Over rows r: sum e_r^4, w_r^4 and e_r^2 w_r^2, with e_r^2 and w_r^2 the row's own sums; for the standard error. */
  rowError4: number
  rowWeight4: number
  rowErrorWeight: number
  /** sum (q - w)^2 and count of weights per column band, for the error profile. */
  columnError2: number[]
  columnWeights: number[]
}

/** What is counted once for all formats: it follows from the source alone. */
export type SourceCounts = Pick<
  ErrorSums,
  'rows' | 'bandRows' | 'weights' | 'nonFinite' | 'outputWeight2' | 'columnWeights'
>

/** The sums that {@link SUM} orders, by name. */
export function errorSums(sums: Float64Array, counts: SourceCounts, outputError2: number): ErrorSums {
  const { rows, bandRows, weights, nonFinite, outputWeight2, columnWeights } = counts
  const of = (name: keyof typeof SUM): number => sums[SUM[name]] as number
  return {
    rows,
    bandRows,
    weights,
    nonFinite,
    error2: of('error2'),
    weight2: of('weight2'),
    quant2: of('quant2'),
    importanceError2: of('importanceError2'),
    importanceWeight2: of('importanceWeight2'),
    outputError2,
    outputWeight2,
    maxAbsError: of('maxAbsError'),
    rowError4: of('rowError4'),
    rowWeight4: of('rowWeight4'),
    rowErrorWeight: of('rowErrorWeight'),
    columnError2: [...sums.subarray(SUM.columnError2)],
    columnWeights: [...columnWeights],
  }
}
