import { bitsPerWeight, encodedBytes, type Format, type Method } from '../quantizers/format.ts'
import { type Tensor, weightCount } from '../tensor/tensor.ts'
import type { ErrorSums } from './error-sums.ts'
import type { ErrorProfile, Measurement } from './measurement.ts'

/** What was measured, besides the sums. */
export interface MeasuredFormat {
  /** The format asked for. */
  readonly requested: string
  /** The one that was measured. */
  readonly format: Format
  readonly method: Method
}

/**
 * The figures of one tensor in one format, from the sums of its bands in band order.
 *
 * Figures without a meaning are null: a tensor of zeros has no relative error, and a scale that overflowed
 * leaves no finite one.
 */
export function summarize(
  bands: readonly ErrorSums[],
  tensor: Pick<Tensor, 'name' | 'shape'>,
  { requested, format, method }: MeasuredFormat,
): Measurement {
  const sums = totals(bands)
  const measurable = sums.weight2 > 0
  const relativeError = measurable ? finite(Math.sqrt(sums.error2 / sums.weight2)) : null
  const mse = measurable ? finite(sums.error2 / sums.weights) : null
  const versine = relativeError === null ? null : versineOf(sums)
  return {
    tensor: tensor.name,
    format: requested,
    effectiveFormat: format.name,
    method,
    bytes: encodedBytes(format, weightCount(tensor)),
    bpw: bitsPerWeight(format),
    mse,
    rmse: mse === null ? null : Math.sqrt(mse),
    relativeError,
    weightedRelativeError: rootRatio(sums.importanceError2, sums.importanceWeight2),
    outputRelativeError: rootRatio(sums.outputError2, sums.outputWeight2),
    cosine: versine === null ? null : 1 - versine,
    angle: versine === null ? null : (Math.asin(Math.sqrt(Math.min(1, versine / 2))) * 360) / Math.PI,
    maxAbsError: measurable ? finite(sums.maxAbsError) : null,
    sqnr: relativeError === null ? null : finite(-20 * Math.log10(relativeError)),
    sampledRows: sums.rows,
    rows: sums.bandRows,
    standardError: standardError(sums),
    nonFinite: sums.nonFinite,
  }
}

/** Mean squared error per row band and column band. */
export function profileOf(bands: readonly ErrorSums[]): ErrorProfile {
  const columns = bands[0]?.columnError2.length ?? 0
  const values = bands.flatMap((band) =>
    band.columnError2.map((error2, column) => error2 / (band.columnWeights[column] ?? 0)),
  )
  return { rowBands: bands.length, columnBands: columns, values }
}

type Totals = Omit<ErrorSums, 'columnError2' | 'columnWeights'>

const ADDED = [
  'rows', 'bandRows', 'weights', 'nonFinite', 'error2', 'weight2', 'quant2', 'importanceError2',
  'importanceWeight2', 'outputError2', 'outputWeight2', 'rowError4', 'rowWeight4', 'rowErrorWeight',
] as const // prettier-ignore

function totals(bands: readonly ErrorSums[]): Totals {
  const sum = (key: (typeof ADDED)[number]) => bands.reduce((total, band) => total + band[key], 0)
  const added = Object.fromEntries(ADDED.map((key) => [key, sum(key)])) as Record<
    (typeof ADDED)[number],
    number
  >
  return { ...added, maxAbsError: Math.max(0, ...bands.map((band) => band.maxAbsError)) }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function rootRatio(part: number, whole: number): number | null {
  return whole > 0 ? finite(Math.sqrt(part / whole)) : null
}

/**
 * 1 - cosine, from |w - q|^2 = (|w| - |q|)^2 + 2 |w| |q| (1 - cosine).
 *
 * The cosine of a good format is so near 1 that 1 - <w, q> / (|w| |q|) would keep only a few digits.
 */
function versineOf({ error2, weight2, quant2 }: Totals): number | null {
  const length = Math.sqrt(weight2)
  const quantLength = Math.sqrt(quant2)
  if (!(length * quantLength > 0)) return null
  const difference = (weight2 - quant2) / (length + quantLength)
  return finite(Math.max(0, (error2 - difference * difference) / (2 * length * quantLength)))
}

/**
 * Standard error of `relativeError` on a sample of rows, null when all rows were measured.
 *
 * The squared relative error is the ratio R = sum a / sum b of row sums a = |e|^2, b = |w|^2. Its variance is that
 * of a ratio estimator, (1 - f) / (n mean(b)^2) * sum (a - R b)^2 / (n - 1), and the root's error follows by
 * the derivative 1 / (2 sqrt R).
 *
 * @see W. G. Cochran, Sampling Techniques, chapter 6
 */
function standardError(sums: Totals): number | null {
  const { rows, bandRows, error2, weight2, rowError4, rowWeight4, rowErrorWeight } = sums
  if (rows >= bandRows || rows < 2 || !(error2 > 0) || !(weight2 > 0)) return null
  const ratio = error2 / weight2
  const residual = Math.max(0, rowError4 - 2 * ratio * rowErrorWeight + ratio * ratio * rowWeight4)
  const mean = weight2 / rows
  const variance = ((1 - rows / bandRows) / (rows * mean * mean)) * (residual / (rows - 1))
  return finite(Math.sqrt(variance) / (2 * Math.sqrt(ratio)))
}
