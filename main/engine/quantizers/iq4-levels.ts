/**
 * The 16 levels of IQ4_NL and IQ4_XS, and the search for a block's scale in `x ~ scale * level`.
 *
 * The search compares sums that may differ in the last bit, so they are rounded to single precision after every
 * operation, in the order of ggml's source. That is slow, and most trial scales lose clearly: sums in double
 * precision, whose distance from the single-precision ones is bounded, rule those out first.
 *
 * @see ggml-quants.c: best_index_int8, quantize_row_iq4_nl_impl with 7 tries
 */
import { ALL_ZERO, signedExtreme } from './symmetric-search.ts'

const { fround, abs, sqrt } = Math

export const LEVEL_BLOCK = 32
/** kvalues_iq4nl of ggml-common.h. */
export const LEVELS = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113] as const
const LOWEST = -127
const HIGHEST = 113
/** Trial scales are extreme / (LOWEST + i), i = -TRIES ... TRIES. */
const TRIES = 7

/**
 * Code of the nearest level for each half unit from -128: entry h holds for (h / 2 - 128) <= x < (h / 2 - 127.5).
 *
 * All midpoints between levels are multiples of a half, so one entry has one answer. A value on a midpoint takes
 * the upper level, as ggml's comparison of the rounded distances does: near a midpoint both are exact, because
 * the distance there has no larger exponent than the value.
 */
const CODE_OF_HALVES = Uint8Array.from({ length: 512 }, (_, h) => {
  const value = h / 2 - 128
  return LEVELS.slice(1).filter((level, k) => value >= ((LEVELS[k] as number) + level) / 2).length
})
const LEVEL_OF_HALVES = Float64Array.from(CODE_OF_HALVES, (code) => LEVELS[code] as number)

/** Code of the level nearest to a scaled weight; NaN, of an undefined scale, takes the highest as in ggml. */
export function levelCode(scaled: number): number {
  if (!(scaled < HIGHEST)) return 15
  return scaled <= LOWEST ? 0 : (CODE_OF_HALVES[(2 * scaled + 256) | 0] as number)
}

function nearestLevel(scaled: number): number {
  if (!(scaled < HIGHEST)) return HIGHEST
  return scaled <= LOWEST ? LOWEST : (LEVEL_OF_HALVES[(2 * scaled + 256) | 0] as number)
}

/** The block's values, weights w and products w x, as doubles, which load faster; w x in double precision. */
const values = new Float64Array(LEVEL_BLOCK)
const errorWeights = new Float64Array(LEVEL_BLOCK)
const weighted = new Float64Array(LEVEL_BLOCK)
/** Results of a fit: sum w x l and sum w l l. */
const fit = new Float64Array(2)
/** sum w x x, and whether no sum of the block comes near to where single precision ends. */
const block = { energy: 0, moderate: false }

/**
 * Scale of the 32 weights from `at` by weighted least squares over trial scales.
 *
 * @param weights f32[32] weights of the squared error, non-negative
 * @returns scale; 0 for a block of (nearly) zeros and where no weight counts
 */
export function searchLevelScale(x: Float32Array, at: number, weights: Float32Array): number {
  const extreme = signedExtreme(x, at, LEVEL_BLOCK)
  if (abs(extreme) < ALL_ZERO) return 0
  loadBlock(x, at, weights, abs(extreme))
  // The first scale has the extreme weight at the positive end, the trials have it at the negative one.
  fitExactly(fround(1 / fround(extreme / -LOWEST)))
  let scale = (fit[1] as number) > 0 ? fround((fit[0] as number) / (fit[1] as number)) : 0
  let best = fround(scale * (fit[0] as number))
  for (let step = -TRIES; step <= TRIES; step += 1) {
    const inverse = fround((step + LOWEST) / extreme)
    if (block.moderate) {
      fitRoughly(inverse)
      if (losesClearly(best)) continue
    }
    fitExactly(inverse)
    const products = fit[0] as number
    const squares = fit[1] as number
    if (squares > 0 && fround(products * products) > fround(best * squares)) {
      scale = fround(products / squares)
      best = fround(scale * products)
    }
  }
  return scale
}

function loadBlock(x: Float32Array, at: number, weights: Float32Array, reach: number): void {
  let energy = 0
  for (let i = 0; i < LEVEL_BLOCK; i += 1) {
    const value = x[at + i] as number
    const weight = weights[i] as number
    values[i] = value
    errorWeights[i] = weight
    weighted[i] = weight * value
    energy += weight * value * value
  }
  block.energy = energy
  block.moderate = reach > 1e-8 && reach < 1e8 && energy > 1e-15 && energy < 1e15
}

/** Sums over the levels of a trial scale as ggml does. */
function fitExactly(inverse: number): void {
  let products = 0
  let squares = 0
  for (let i = 0; i < LEVEL_BLOCK; i += 1) {
    const value = values[i] as number
    const level = nearestLevel(fround(inverse * value))
    const weightedLevel = fround((errorWeights[i] as number) * level)
    products = fround(products + fround(weightedLevel * value))
    squares = fround(squares + fround(weightedLevel * level))
  }
  fit[0] = products
  fit[1] = squares
}

/** The same sums in double precision. */
function fitRoughly(inverse: number): void {
  let products = 0
  let squares = 0
  for (let i = 0; i < LEVEL_BLOCK; i += 1) {
    const level = nearestLevel(fround(inverse * (values[i] as number)))
    products += (weighted[i] as number) * level
    squares += (errorWeights[i] as number) * level * level
  }
  fit[0] = products
  fit[1] = squares
}

/**
 * Whether the rough sums exclude that the exact ones beat the best scale.
 *
 * A rounded sum of 32 terms of two products each is off by at most 34 units of 2^-24 (2.1e-6) of the sum of its
 * terms' magnitudes. That is sum w l l itself for one sum, and for the other, whose terms can have either sign, at
 * most the root of (sum w x x)(sum w l l) by Cauchy and Schwarz. The comparison's own products round once each.
 */
function losesClearly(best: number): boolean {
  const squares = fit[1] as number
  if (!(squares > 1e-15 && squares < 1e15)) return false
  const most = abs(fit[0] as number) + 3e-6 * sqrt(block.energy * squares)
  return most * most * (1 + 1e-5) < best * squares
}
