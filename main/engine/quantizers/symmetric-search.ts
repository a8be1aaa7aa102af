/**
 * Search for the scale of a symmetric block, bit for bit like ggml's.
 *
 * The search compares sums that may differ in the last bit, so they are rounded to single precision after every
 * operation, in the order of ggml's source. That is slow, and most trial scales lose clearly: a sum in double
 * precision, whose distance from the single-precision one is bounded, rules those out first.
 *
 * @see ggml-quants.c, make_qx_quants with rmse_type 1
 */
import { ROUNDER } from './rounding.ts'

const { fround, abs } = Math

/** Blocks whose largest magnitude is below this are stored as zeros. */
export const ALL_ZERO = fround(1e-15)

/** Trial numerators are maximum + 0.1 i, i = -9 ... 9 without 0. */
const STEPS = Float64Array.from(
  Array.from({ length: 19 }, (_, i) => i - 9).filter((i) => i !== 0),
  (i) => fround(fround(0.1) * i),
)

/** Sums in this range are far from where single precision underflows or overflows, also when multiplied. */
const SMALLEST = 1e-15
const LARGEST = 1e15

const trial = new Int8Array(32)
/** The block's values, weights w and products w x, all in single precision; as doubles, which load faster. */
const values = new Float64Array(32)
const errorWeights = new Float64Array(32)
const weighted = new Float64Array(32)
/** Results of a fit: sum w x l and sum w l l. */
const fit = new Float64Array(2)

/**
 * Codes and scale of `x ~ scale * (code - maximum)`, codes 0 ... 2 maximum - 1.
 *
 * @param weights per-weight importance from `weightsAt`, non-negative; the squared weights themselves when null
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
  weigh(x, at, count, weights, weightsAt)
  const margin = 1 + (3 * count + 8) * 2 ** -24
  let bestInverse = fround(-maximum / extreme)
  round(count, maximum, bestInverse)
  fitExactly(count)
  let scale = fit[1] !== 0 ? fround((fit[0] as number) / (fit[1] as number)) : 0
  let best = fround(scale * (fit[0] as number))
  for (let step = 0; step < STEPS.length; step += 1) {
    const inverse = fround(-fround(maximum + (STEPS[step] as number)) / extreme)
    fitRoughly(count, maximum, inverse)
    if (losesClearly(best, margin)) continue
    round(count, maximum, inverse)
    fitExactly(count)
    const products = fit[0] as number
    const squares = fit[1] as number
    if (squares > 0 && fround(products * products) > fround(best * squares)) {
      bestInverse = inverse
      scale = fround(products / squares)
      best = fround(scale * products)
    }
  }
  round(count, maximum, bestInverse)
  for (let i = 0; i < count; i += 1) codes[codesAt + i] = (trial[i] as number) + maximum
  return scale
}

/** The weight of largest magnitude, with its sign; the first of equals. */
export function signedExtreme(x: Float32Array, at: number, count: number): number {
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

/** Fills x, w and w x, which all trials share. */
function weigh(x: Float32Array, at: number, count: number, weights: Float32Array | null, from: number): void {
  for (let i = 0; i < count; i += 1) {
    const value = x[at + i] as number
    const weight = weights === null ? fround(value * value) : (weights[from + i] as number)
    values[i] = value
    errorWeights[i] = weight
    weighted[i] = fround(weight * value)
  }
}

/** Rounds to trial codes; by the choice of scales no product is beyond +-(maximum + 1). */
function round(count: number, maximum: number, inverse: number): void {
  for (let i = 0; i < count; i += 1) {
    const code = fround(inverse * (values[i] as number)) + ROUNDER - ROUNDER
    trial[i] = code < -maximum ? -maximum : code >= maximum ? maximum - 1 : code
  }
}

/** Sums over the codes of a trial scale in double precision, without keeping the codes. */
function fitRoughly(count: number, maximum: number, inverse: number): void {
  let products = 0
  let squares = 0
  for (let i = 0; i < count; i += 1) {
    let code = fround(inverse * (values[i] as number)) + ROUNDER - ROUNDER
    if (code < -maximum) code = -maximum
    else if (code >= maximum) code = maximum - 1
    products += (weighted[i] as number) * code
    squares += (errorWeights[i] as number) * code * code
  }
  fit[0] = products
  fit[1] = squares
}

/**
 * Whether the rough sums exclude that the exact ones beat the best scale.
 *
 * All terms of a sum have the same sign, so n of them are off by at most n + 1 roundings of 2^-24, and the two
 * sides of the comparison together by 3 n + 4.
 */
function losesClearly(best: number, margin: number): boolean {
  const products = fit[0] as number
  const squares = fit[1] as number
  const moderate =
    abs(products) > SMALLEST && abs(products) < LARGEST && squares > SMALLEST && squares < LARGEST
  return moderate && products * products * margin < best * squares
}

/** Sums over the trial codes as ggml does. */
function fitExactly(count: number): void {
  let products = 0
  let squares = 0
  for (let i = 0; i < count; i += 1) {
    const code = trial[i] as number
    products = fround(products + fround((weighted[i] as number) * code))
    squares = fround(squares + fround(fround((errorWeights[i] as number) * code) * code))
  }
  fit[0] = products
  fit[1] = squares
}
