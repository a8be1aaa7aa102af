/**
 * The scale searches that all block formats share: given the weights of a (sub-)block, choose codes and scale.
 *
 * Every operation is rounded to single precision in the order of ggml's source, because the searches compare sums
 * that differ in the last bit; one operation rounded otherwise moves a tie and changes the bytes.
 *
 * @see ggml-quants.c: make_qx_quants, make_qkx2_quants, make_qkx3_quants, make_qp_quants
 */
import { nearestInt } from './rounding.ts'

const { fround, abs } = Math

/** Blocks whose largest magnitude is below this are stored as zeros. */
const ALL_ZERO = fround(1e-15)

/** Numerators of the symmetric search's trial scales: nmax + 0.1 is, without is = 0. */
const SYMMETRIC_STEPS = Array.from({ length: 19 }, (_, i) => fround(fround(0.1) * (i - 9))).filter(Boolean)

/**
 * Codes and scale of `x ~ scale * (code - maximum)`, codes 0 ... 2 maximum - 1.
 *
 * @param weights per-weight importance; the squared weight itself when null
 * @returns scale; 0 with all codes 0 for a block of (nearly) zeros
 */
export function searchSymmetric(
  x: Float32Array,
  at: number,
  count: number,
  maximum: number,
  weights: Float32Array | null,
  weightsAt: number,
  codes: Uint8Array,
  codesAt: number,
): number {
  const extreme = signedExtreme(x, at, count)
  if (abs(extreme) < ALL_ZERO) {
    codes.fill(0, codesAt, codesAt + count)
    return 0
  }
  let inverse = fround(-maximum / extreme)
  fitSymmetric(x, at, count, maximum, inverse, weights, weightsAt)
  let scale = fitSquares !== 0 ? fround(fitProducts / fitSquares) : 0
  let best = fround(scale * fitProducts)
  let bestInverse = inverse
  for (const step of SYMMETRIC_STEPS) {
    inverse = fround(-fround(maximum + step) / extreme)
    fitSymmetric(x, at, count, maximum, inverse, weights, weightsAt)
    if (fitSquares > 0 && fround(fitProducts * fitProducts) > fround(best * fitSquares)) {
      bestInverse = inverse
      scale = fround(fitProducts / fitSquares)
      best = fround(scale * fitProducts)
    }
  }
  for (let i = 0; i < count; i += 1) {
    const code = nearestInt(fround(bestInverse * (x[at + i] as number)))
    codes[codesAt + i] = (code < -maximum ? -maximum : code >= maximum ? maximum - 1 : code) + maximum
  }
  return scale
}

/** The weight of largest magnitude, with its sign; the first of equals. */
function signedExtreme(x: Float32Array, at: number, count: number): number {
  let magnitude = 0
  let extreme = 0
  for (let i = 0; i < count; i += 1) {
    const value = x[at + i] as number
    if (abs(value) > magnitude) {
      magnitude = abs(value)
      extreme = value
    }
  }
  return extreme
}

/** Results of {@link fitSymmetric}: sum w x l and sum w l l. */
let fitProducts = 0
let fitSquares = 0

function fitSymmetric(
  x: Float32Array,
  at: number,
  count: number,
  maximum: number,
  inverse: number,
  weights: Float32Array | null,
  weightsAt: number,
): void {
  let products = 0
  let squares = 0
  for (let i = 0; i < count; i += 1) {
    const value = x[at + i] as number
    let code = nearestInt(fround(inverse * value))
    if (code < -maximum) code = -maximum
    else if (code >= maximum) code = maximum - 1
    const weight = weights === null ? fround(value * value) : (weights[weightsAt + i] as number)
    products = fround(products + fround(fround(weight * value) * code))
    squares = fround(squares + fround(fround(weight * code) * code))
  }
  fitProducts = products
  fitSquares = squares
}

/** Trial scales of an affine search: (first + step * i + maximum) / (max - min), i = 0 ... steps. */
export interface AffineSearch {
  readonly maximum: number
  readonly numerators: Float32Array
}

export function affineSearch(maximum: number, first: number, step: number, steps: number): AffineSearch {
  const numerators = Float32Array.from({ length: steps + 1 }, (_, i) =>
    fround(fround(fround(first) + fround(fround(step) * i)) + maximum),
  )
  return { maximum, numerators }
}

/** The offset found by the last {@link searchAffine}: `x ~ scale * code - offset`, never negative. */
export let foundOffset = 0

const trialCodes = new Uint8Array(32)

/**
 * Codes, scale and offset of `x ~ scale * code - offset`, codes 0 ... maximum, by weighted least squares.
 *
 * @param weights weights of the squared error, f32[count], from index 0
 * @returns scale; the offset is left in {@link foundOffset}
 */
export function searchAffine(
  x: Float32Array,
  at: number,
  count: number,
  search: AffineSearch,
  weights: Float32Array,
  codes: Uint8Array,
  codesAt: number,
): number {
  const { maximum, numerators } = search
  let low = x[at] as number
  let high = low
  let sumWeights = weights[0] as number
  let sumValues = fround(sumWeights * low)
  for (let i = 1; i < count; i += 1) {
    const value = x[at + i] as number
    if (value < low) low = value
    if (value > high) high = value
    const weight = weights[i] as number
    sumWeights = fround(sumWeights + weight)
    sumValues = fround(sumValues + fround(weight * value))
  }
  if (low > 0) low = 0
  if (high <= low) {
    codes.fill(0, codesAt, codesAt + count)
    foundOffset = -low
    return 0
  }
  let inverse = fround(maximum / fround(high - low))
  let scale = fround(1 / inverse)
  let bestError = 0
  for (let i = 0; i < count; i += 1) {
    const value = x[at + i] as number
    let code = nearestInt(fround(inverse * fround(value - low)))
    if (code < 0) code = 0
    else if (code > maximum) code = maximum
    codes[codesAt + i] = code
    const error = fround(fround(fround(scale * code) + low) - value)
    bestError = fround(bestError + fround((weights[i] as number) * fround(error * error)))
  }
  for (const numerator of numerators) {
    inverse = fround(numerator / fround(high - low))
    let sumCodes = 0
    let sumSquares = 0
    let sumProducts = 0
    for (let i = 0; i < count; i += 1) {
      const value = x[at + i] as number
      let code = nearestInt(fround(inverse * fround(value - low)))
      if (code < 0) code = 0
      else if (code > maximum) code = maximum
      trialCodes[i] = code
      const weighted = fround((weights[i] as number) * code)
      sumCodes = fround(sumCodes + weighted)
      sumSquares = fround(sumSquares + fround(weighted * code))
      sumProducts = fround(sumProducts + fround(weighted * value))
    }
    const determinant = fround(fround(sumWeights * sumSquares) - fround(sumCodes * sumCodes))
    if (!(determinant > 0)) continue
    let trialScale = fround(
      fround(fround(sumWeights * sumProducts) - fround(sumValues * sumCodes)) / determinant,
    )
    let trialLow = fround(
      fround(fround(sumSquares * sumValues) - fround(sumCodes * sumProducts)) / determinant,
    )
    if (trialLow > 0) {
      trialLow = 0
      trialScale = fround(sumProducts / sumSquares)
    }
    let error2 = 0
    for (let i = 0; i < count; i += 1) {
      const fitted = fround(fround(trialScale * (trialCodes[i] as number)) + trialLow)
      const error = fround(fitted - (x[at + i] as number))
      error2 = fround(error2 + fround((weights[i] as number) * fround(error * error)))
    }
    if (error2 < bestError) {
      for (let i = 0; i < count; i += 1) codes[codesAt + i] = trialCodes[i] as number
      bestError = error2
      scale = trialScale
      low = trialLow
    }
  }
  foundOffset = -low
  return scale
}

/** Trial numerators of the non-negative search: 0.1 is, is = -4 ... 4 without 0. */
const NON_NEGATIVE_STEPS = [-4, -3, -2, -1, 1, 2, 3, 4].map((i) => fround(fround(0.1) * i))

/**
 * Codes and scale of non-negative values `x ~ scale * code`, codes 0 ... maximum: the scales of a super-block.
 *
 * @param weights f32[count], the summed weights of each sub-block
 */
export function searchNonNegative(
  x: Float32Array,
  count: number,
  maximum: number,
  weights: Float32Array,
  codes: Uint8Array,
): number {
  let largest = 0
  for (let i = 0; i < count; i += 1) if ((x[i] as number) > largest) largest = x[i] as number
  if (largest < ALL_ZERO) {
    codes.fill(0, 0, count)
    return 0
  }
  const inverse = bestInverse(x, count, maximum, weights, codes, largest)
  let products = 0
  let squares = 0
  for (let i = 0; i < count; i += 1) {
    const value = x[i] as number
    const code = Math.min(maximum, nearestInt(fround(inverse * value)))
    codes[i] = code
    const weight = weights[i] as number
    products = fround(products + fround(fround(weight * value) * code))
    squares = fround(squares + fround(fround(weight * code) * code))
  }
  return refineNonNegative(x, count, maximum, weights, codes, products, squares)
}

function bestInverse(
  x: Float32Array,
  count: number,
  maximum: number,
  weights: Float32Array,
  codes: Uint8Array,
  largest: number,
): number {
  let best = fround(maximum / largest)
  for (let i = 0; i < count; i += 1) codes[i] = nearestInt(fround(best * (x[i] as number)))
  const scale = fround(1 / best)
  let bestError = 0
  for (let i = 0; i < count; i += 1) {
    const error = fround((x[i] as number) - fround(scale * (codes[i] as number)))
    bestError = fround(bestError + fround(fround((weights[i] as number) * error) * error))
  }
  for (const step of NON_NEGATIVE_STEPS) {
    const inverse = fround(fround(step + maximum) / largest)
    const trialScale = fround(1 / inverse)
    let error2 = 0
    for (let i = 0; i < count; i += 1) {
      const value = x[i] as number
      const code = Math.min(maximum, nearestInt(fround(inverse * value)))
      const error = fround(value - fround(trialScale * code))
      error2 = fround(error2 + fround(fround((weights[i] as number) * error) * error))
    }
    if (error2 < bestError) {
      bestError = error2
      best = inverse
    }
  }
  return best
}

/** Moves single codes while that improves the fit, at most five rounds. */
function refineNonNegative(
  x: Float32Array,
  count: number,
  maximum: number,
  weights: Float32Array,
  codes: Uint8Array,
  products: number,
  squares: number,
): number {
  for (let round = 0; round < 5; round += 1) {
    let changed = false
    for (let i = 0; i < count; i += 1) {
      const value = x[i] as number
      const weight = weights[i] as number
      const code = codes[i] as number
      const weightedValue = fround(weight * value)
      let restProducts = fround(products - fround(weightedValue * code))
      let restSquares = fround(squares - fround(fround(weight * code) * code))
      if (!(restProducts > 0 && restSquares > 0)) continue
      const moved = Math.min(maximum, nearestInt(fround(fround(value * restSquares) / restProducts)))
      if (moved === code) continue
      restProducts = fround(restProducts + fround(weightedValue * moved))
      restSquares = fround(restSquares + fround(fround(weight * moved) * moved))
      const gained = fround(fround(restProducts * restProducts) * squares)
      if (!(gained > fround(fround(products * products) * restSquares))) continue
      codes[i] = moved
      products = restProducts
      squares = restSquares
      changed = true
    }
    if (!changed) break
  }
  return squares > 0 ? fround(products / squares) : 0
}
