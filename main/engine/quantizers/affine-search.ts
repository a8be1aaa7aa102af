/**
 * Search for scale and offset of an affine block, bit for bit like ggml's.
 *
 * The search compares sums that may differ in the last bit, so they are rounded to single precision after every
 * operation, in the order of ggml's source. That is slow, and most trial scales lose clearly: a bound in double
 * precision rules those out first (see {@link losesClearly}).
 *
 * @see ggml-quants.c: make_qkx2_quants, make_qkx3_quants
 */
import { nearestInt, ROUNDER } from './rounding.ts'

const { fround, abs, sqrt, max } = Math

/** What a search minimises: sum w |error| or sum w error^2. The fit of a trial is by least squares in both cases. */
export type ErrorMeasure = 'absolute' | 'squared'

/** Trial scales of a search: (high - low) / numerator. */
export interface AffineSearch {
  /** Codes are 0 ... maximum. */
  readonly maximum: number
  readonly measure: ErrorMeasure
  /** first + step * i + maximum, i = 0 ... steps. */
  readonly numerators: Float32Array
}

export function affineSearch(
  maximum: number,
  first: number,
  step: number,
  steps: number,
  measure: ErrorMeasure = 'squared',
): AffineSearch {
  const numerators = Float32Array.from({ length: steps + 1 }, (_, i) =>
    fround(fround(fround(first) + fround(fround(step) * i)) + maximum),
  )
  return { maximum, measure, numerators }
}

const trial = new Uint8Array(32)
/** x - low in single precision, and the block's weights and values: as doubles, which load faster. */
const heights = new Float64Array(32)
const blockWeights = new Float64Array(32)
const blockValues = new Float64Array(32)

/** Facts of the block that all trials share. */
const block = {
  /** Smallest value, 0 where all are positive; largest value; largest magnitude. */
  low: 0,
  high: 0,
  reach: 0,
  /** sum w and sum w x in single precision. */
  roundedWeights: 0,
  roundedValues: 0,
  /** sum w, w x and w x x in double precision. */
  weights: 0,
  values: 0,
  squares: 0,
  /** Sums and their products are far from where single precision ends. */
  moderate: false,
}
/** Results of a fit: sum w l, w l l, w l x. */
const fit = new Float64Array(3)
/** Scale and low end of `x ~ scale * code + low`, from a fit. */
const solution = { scale: 0, low: 0 }

/**
 * Codes, scale and offset of `x ~ scale * code - offset` by weighted least squares over trial codes.
 *
 * @param weights weights of the squared error, non-negative, f32[count] from index 0
 * @param offsets receives the offset, never negative, at `offsetAt`
 * @returns scale
 */
export function searchAffine(
  x: Float32Array,
  at: number,
  count: number,
  search: AffineSearch,
  weights: Float32Array,
  codes: Uint8Array,
  codesAt: number,
  offsets: Float32Array,
  offsetAt: number,
): number {
  const { maximum, measure, numerators } = search
  loadBlock(x, at, count, weights)
  const { high, moderate, reach } = block
  let low = block.low
  if (high <= low) {
    codes.fill(0, codesAt, codesAt + count)
    offsets[offsetAt] = -low
    return 0
  }
  let span = fround(high - low)
  let inverse = fround(maximum / span)
  let scale = fround(1 / inverse)
  measureHeights(count, low)
  roundExactly(count, maximum, inverse)
  let bestError = errorOf(measure, count, scale, low)
  keepCodes(codes, codesAt, count)
  let fitted = false
  for (let step = 0; step < numerators.length; step += 1) {
    inverse = fround((numerators[step] as number) / span)
    // Beyond this, rounding leaves the range where all ways to round agree.
    if (moderate && span * 1e5 > reach - low) {
      if (measure === 'squared') {
        fitRoughly(count, maximum, inverse)
        if (losesClearly(bestError, maximum)) continue
      }
      // The codes of the last fit give the same fit and error again.
      if (!round(count, maximum, inverse) && fitted) continue
    } else {
      roundExactly(count, maximum, inverse)
    }
    fitted = true
    fitExactly(count)
    if (!solveFit()) continue
    const error = errorOf(measure, count, solution.scale, solution.low)
    if (error < bestError) {
      keepCodes(codes, codesAt, count)
      bestError = error
      scale = solution.scale
      low = solution.low
      span = fround(high - low)
      measureHeights(count, low)
    }
  }
  offsets[offsetAt] = -low
  return scale
}

/** Fills {@link block} and the copies of weights and values. */
function loadBlock(x: Float32Array, at: number, count: number, weights: Float32Array): void {
  let low = x[at] as number
  let high = low
  let roundedWeights = 0
  // The sum starts from the first product: of zeros it keeps the sign.
  let roundedValues = -0
  let sum = 0
  let values = 0
  let squares = 0
  for (let i = 0; i < count; i += 1) {
    const value = x[at + i] as number
    const weight = weights[i] as number
    blockValues[i] = value
    blockWeights[i] = weight
    if (value < low) low = value
    if (value > high) high = value
    roundedWeights = fround(roundedWeights + weight)
    roundedValues = fround(roundedValues + fround(weight * value))
    sum += weight
    values += weight * value
    squares += weight * value * value
  }
  const reach = max(abs(low), abs(high))
  block.low = low > 0 ? 0 : low
  block.high = high
  block.reach = reach
  block.roundedWeights = roundedWeights
  block.roundedValues = roundedValues
  block.weights = sum
  block.values = values
  block.squares = squares
  block.moderate = sum > 1e-10 && sum < 1e10 && reach > 1e-8 && reach < 1e8
}

function keepCodes(codes: Uint8Array, codesAt: number, count: number): void {
  for (let i = 0; i < count; i += 1) codes[codesAt + i] = trial[i] as number
}

function measureHeights(count: number, low: number): void {
  for (let i = 0; i < count; i += 1) heights[i] = fround((blockValues[i] as number) - low)
}

/** Rounds to trial codes where no product is out of range; whether any code changed. */
function round(count: number, maximum: number, inverse: number): boolean {
  let changed = false
  for (let i = 0; i < count; i += 1) {
    let code = fround(inverse * (heights[i] as number)) + ROUNDER - ROUNDER
    if (code < 0) code = 0
    else if (code > maximum) code = maximum
    if (trial[i] !== code) {
      trial[i] = code
      changed = true
    }
  }
  return changed
}

/** Rounds to trial codes as ggml does, also out of range. */
function roundExactly(count: number, maximum: number, inverse: number): void {
  for (let i = 0; i < count; i += 1) {
    const code = nearestInt(fround(inverse * (heights[i] as number)))
    trial[i] = code < 0 ? 0 : code > maximum ? maximum : code
  }
}

/** Sums over the codes of a trial scale in double precision, without keeping the codes. */
function fitRoughly(count: number, maximum: number, inverse: number): void {
  let codeSum = 0
  let codeSquares = 0
  let products = 0
  for (let i = 0; i < count; i += 1) {
    let code = fround(inverse * (heights[i] as number)) + ROUNDER - ROUNDER
    if (code < 0) code = 0
    else if (code > maximum) code = maximum
    const weighted = (blockWeights[i] as number) * code
    codeSum += weighted
    codeSquares += weighted * code
    products += weighted * (blockValues[i] as number)
  }
  fit[0] = codeSum
  fit[1] = codeSquares
  fit[2] = products
}

/**
 * Whether the trial codes cannot have a smaller error than the best, in whichever way their fit is rounded.
 *
 * No scale and offset fit the codes better than the least-squares ones, whose error E follows from the sums. The
 * error as computed is a sum of rounded w (s l + m - x)^2; each bracket is off by at most a few units of 2^-24 of
 * the largest magnitude B that occurs in it, so sqrt(computed) >= sqrt(E) - eta sqrt(sum w). B holds for the
 * single-precision s and m as long as the determinant is not nearly 0: then they lie within a hundredth of the
 * exact ones (32 terms, condition below 1000).
 */
function losesClearly(bestError: number, maximum: number): boolean {
  const codeSum = fit[0] as number
  const codeSquares = fit[1] as number
  const products = fit[2] as number
  const { weights, values, squares, reach } = block
  const determinant = weights * codeSquares - codeSum * codeSum
  if (!(determinant > 1e-3 * weights * codeSquares)) return false
  const scale = (weights * products - values * codeSum) / determinant
  const low = (codeSquares * values - codeSum * products) / determinant
  const error = squares * (1 - 1e-10) - scale * products - low * values
  const largest = maximum * (abs(scale) + 1.1 * reach * sqrt(weights / codeSquares)) + abs(low) + 1.1 * reach
  const root = sqrt(max(0, error)) - 3e-7 * largest * sqrt(weights)
  return root > 0 && root * root * (1 - 1e-5) > bestError
}

/** Sums over the trial codes as ggml does. */
function fitExactly(count: number): void {
  let codeSum = 0
  let codeSquares = 0
  let products = 0
  for (let i = 0; i < count; i += 1) {
    const code = trial[i] as number
    const weighted = fround((blockWeights[i] as number) * code)
    codeSum = fround(codeSum + weighted)
    codeSquares = fround(codeSquares + fround(weighted * code))
    products = fround(products + fround(weighted * (blockValues[i] as number)))
  }
  fit[0] = codeSum
  fit[1] = codeSquares
  fit[2] = products
}

/** Fills {@link solution} from an exact fit as ggml does; false where the codes determine none. */
function solveFit(): boolean {
  const { roundedWeights, roundedValues } = block
  const codeSum = fit[0] as number
  const codeSquares = fit[1] as number
  const products = fit[2] as number
  const determinant = fround(fround(roundedWeights * codeSquares) - fround(codeSum * codeSum))
  if (!(determinant > 0)) return false
  const low = fround(fround(fround(codeSquares * roundedValues) - fround(codeSum * products)) / determinant)
  if (low > 0) {
    solution.low = 0
    solution.scale = fround(products / codeSquares)
    return true
  }
  solution.low = low
  solution.scale = fround(
    fround(fround(roundedWeights * products) - fround(roundedValues * codeSum)) / determinant,
  )
  return true
}

function errorOf(measure: ErrorMeasure, count: number, scale: number, low: number): number {
  return measure === 'squared' ? squaredError(count, scale, low) : absoluteError(count, scale, low)
}

function squaredError(count: number, scale: number, low: number): number {
  let sum = 0
  for (let i = 0; i < count; i += 1) {
    const fitted = fround(fround(scale * (trial[i] as number)) + low)
    const error = fround(fitted - (blockValues[i] as number))
    sum = fround(sum + fround((blockWeights[i] as number) * fround(error * error)))
  }
  return sum
}

function absoluteError(count: number, scale: number, low: number): number {
  let sum = 0
  for (let i = 0; i < count; i += 1) {
    const fitted = fround(fround(scale * (trial[i] as number)) + low)
    const error = fround(fitted - (blockValues[i] as number))
    sum = fround(sum + fround((blockWeights[i] as number) * abs(error)))
  }
  return sum
}
