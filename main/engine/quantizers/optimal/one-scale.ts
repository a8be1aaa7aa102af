/**
 * The best f16 scale of a block `x ~ d * level`, and its codes: no scale of 16 bits does better.
 *
 * What is found is defined without the way it is looked for. Among all finite f16 d,
 *
 *     E(d) = sum over i, in order, of w (x - d level)^2 in double precision, `level` being the nearest (scaled-levels.ts)
 *
 * is least; of equal E the smaller |d| is taken, then the positive d. At d = 0 every code is that of the level nearest 0.
 *
 * How none is missed. Let D be what is searched for, and C the piece of the sweep (one-scale-sweep.ts) that holds it. The
 * parabola of C is E on C, and at any other scale at least E. So its value at D is at most the least E known, up to
 * rounding. Hence: sweep the pieces of both signs, and of each take every f16 in it whose parabola is at most the least
 * known E and a slack for rounding. That is the f16 above or the one below the bottom of a few parabolas, but all f16 of
 * an interval where E is too flat to tell them apart. What was taken is evaluated by definition.
 *
 * The slack is 1e-11 of the energy `sum w x^2`. The sums of a piece are made of at most 2^13 terms; multiplied with its d,
 * none exceeds twice the energy, so they are off by less than 2^13 * 8 * 2^-53 = 8e-12. Breakpoints moved by 2^-44 let a
 * weight that close to a midpoint have the level on its other side: less than 1e-11 while no midpoint but 0 is nearer to 0
 * than a fiftieth of the way between its levels.
 *
 * What the sweep leaves out (`rangeOf`) has a scale as good that stays in. Rounding is monotone, so that inequalities
 * between magnitudes of single errors hold for computed sums too:
 * - |d| so small that what is cut off the weights that it cannot reach already is more than a known E.
 * - |d| of which every level but 0 lies at twice the largest weight or beyond: d = 0 is as good.
 * - Consecutive integers: if all codes are within half the range, d / 2 with doubled codes gives the same values, and
 *   is an f16 unless d is below 2^-13. So some code must be in the outer half.
 * - Consecutive integers: -d with codes turned round gives the same values unless the end of the range is used that
 *   the other side lacks. So negative d need only be swept where that end is.
 */
import { floatToHalf, halfToFloat } from '../../tensor/half.ts'
import { writeHalfWord } from '../half-words.ts'
import type { BlockSearch } from './block-search.ts'
import { LARGEST_HALF, LARGEST_HALF_BITS } from './half-near.ts'
import { MOST_SWEPT_WEIGHTS, type ScaleRange, sweepScales } from './one-scale-sweep.ts'
import { nearestLevel, type ScaledLevels } from './scaled-levels.ts'

const SLACK = 1e-11
const NEGATIVE = 0x8000
/** Below, half of an f16 need not be one. */
const HALVES_BELOW = 2 ** -13
const { abs, max, min, sqrt } = Math

/** A piece that may hold the best scale. */
interface Piece extends ScaleRange {
  readonly products: number
  readonly squares: number
}

interface Searched {
  readonly weights: Float32Array
  readonly errorWeights: Float64Array
  readonly levels: ScaledLevels
}

/** The best scale so far, by definition. */
interface Best {
  bits: number
  error: number
}

/** When each f16 was last evaluated, by block. */
const evaluatedIn = new Uint32Array(0x10000)
let blockNumber = 0

/**
 * Finds the scale and the codes of a block (see above).
 *
 * @param weights      f32[n], finite, n at most 256
 * @param errorWeights f64[n], non-negative; products with three squared weights must be finite
 * @param codes        u8[n], the places of the chosen levels, written
 * @returns bits of the f16 scale
 */
export function searchHalfScale(
  weights: Float32Array,
  errorWeights: Float64Array,
  levels: ScaledLevels,
  codes: Uint8Array,
): number {
  const block = { weights, errorWeights, levels }
  const best = { bits: 0, error: energyOf(block) }
  if (best.error > 0 && !isTooLarge(block, best.error)) searchScales(block, best)
  writeCodes(block, best.bits, codes)
  return best.bits
}

/** The search of a format whose blocks begin with their scale. */
export function oneScaleSearch(
  levels: ScaledLevels,
  pack: (codes: Uint8Array, out: Uint8Array, to: number) => void,
): BlockSearch {
  const codes = new Uint8Array(MOST_SWEPT_WEIGHTS)
  return ({ weights, errorWeights }, out) => {
    writeHalfWord(searchHalfScale(weights, errorWeights, levels, codes), out, 0)
    pack(codes, out, 0)
  }
}

function searchScales(block: Searched, best: Best): void {
  const energy = best.error
  blockNumber = (blockNumber + 1) >>> 0
  for (const bits of firstScales(block)) evaluate(block, bits, best)
  const pieces: Piece[] = []
  let least = best.error
  for (const sign of [1, -1] as const) {
    const range = rangeOf(block, sign, best.error)
    if (range.least <= range.most) least = collectPieces(block, range, energy, least, pieces)
  }
  const limit = least + 3 * SLACK * energy
  for (const piece of pieces) evaluatePiece(block, piece, limit, energy, best)
}

/** Scales that put the largest weight on an end of the range: their error bounds the search. */
function firstScales({ weights, errorWeights, levels: { values } }: Searched): number[] {
  let extreme = 0
  for (const [i, weight] of weights.entries()) {
    if (errorWeights[i] !== 0 && abs(weight) > abs(extreme)) extreme = weight
  }
  const ends = [values[0] as number, values[values.length - 1] as number]
  return ends.filter((end) => end !== 0).map((end) => nearestHalf(extreme / end))
}

/** The f16 nearest to a value, but finite. */
function nearestHalf(value: number): number {
  const magnitude = min(LARGEST_HALF_BITS, floatToHalf(abs(value)))
  return value < 0 ? magnitude | NEGATIVE : magnitude
}

/** The scales of one sign that may be best (see above); empty where `least` is greater than `most`. */
function rangeOf(block: Searched, sign: 1 | -1, knownError: number): ScaleRange {
  const { weights, errorWeights, levels } = block
  let above = 0
  let below = 0
  for (let i = 0; i < weights.length; i += 1) {
    if (errorWeights[i] === 0) continue
    above = max(above, sign * (weights[i] as number))
    below = max(below, -sign * (weights[i] as number))
  }
  const most = levels.consecutive
    ? mostOfIntegers(above, below, levels, sign)
    : (2 * max(above, below)) / levels.leastMagnitude
  // The bound is widened by more than its rounding.
  return { sign, least: leastReaching(block, sign, knownError), most: min(most * (1 + 1e-9), LARGEST_HALF) }
}

/** The least f16 that does not cut off more than a known error; infinite where all do. */
function leastReaching(block: Searched, sign: 1 | -1, knownError: number): number {
  let low = 1
  let high = LARGEST_HALF_BITS + 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (errorCutOff(block, sign, halfToFloat(middle)) <= knownError) high = middle
    else low = middle + 1
  }
  return halfToFloat(low)
}

/** The error that remains if every weight within reach of the levels is decoded exactly: it falls with the scale. */
function errorCutOff({ weights, errorWeights, levels }: Searched, sign: 1 | -1, scale: number): number {
  const { values } = levels
  const high = scale * max(0, values[values.length - 1] as number)
  const low = scale * min(0, values[0] as number)
  let sum = 0
  for (let i = 0; i < weights.length; i += 1) {
    const weight = sign * (weights[i] as number)
    const error = weight > high ? weight - high : weight < low ? low - weight : 0
    sum += (errorWeights[i] as number) * (error * error)
  }
  return sum
}

/** Largest |d| with a code in the outer half, and for negative d with one that the positive lack. */
function mostOfIntegers(above: number, below: number, { values }: ScaledLevels, sign: 1 | -1): number {
  const low = values[0] as number
  const high = values[values.length - 1] as number
  const halved = max(above / (Math.floor(high / 2) + 0.5), below / (Math.floor(-low / 2) + 0.5), HALVES_BELOW)
  if (sign === 1) return halved
  const unmatched = max(high > -low ? above / (0.5 - low) : 0, -low > high ? below / (high + 0.5) : 0)
  return min(halved, unmatched)
}

/** Adds the pieces that may hold an error of at most `least`, which is lowered on the way and returned. */
function collectPieces(
  { weights, errorWeights, levels }: Searched,
  range: ScaleRange,
  energy: number,
  least: number,
  pieces: Piece[],
): number {
  const sweep = sweepScales(weights, errorWeights, levels, range)
  for (let k = 0; k < sweep.products.length; k += 1) {
    const products = sweep.products[k] as number
    const squares = sweep.squares[k] as number
    const bottom = energy - (products * products) / squares
    if (!(bottom <= least + 2 * SLACK * energy)) continue
    const outer = k === 0 ? range.most : 1 / (sweep.breakpoints[k - 1] as number)
    const inner = k === sweep.breakpoints.length ? range.least : 1 / (sweep.breakpoints[k] as number)
    pieces.push({ sign: range.sign, least: inner, most: outer, products, squares })
    const scale = halfToFloat(nearestHalf(max(0, products / squares)))
    least = min(least, energy - 2 * scale * products + scale * scale * squares)
  }
  return least
}

/** Evaluates every f16 of a piece at which its parabola is at most `limit`. */
function evaluatePiece(block: Searched, piece: Piece, limit: number, energy: number, best: Best): void {
  const { sign, products, squares } = piece
  const bottom = products / squares
  const reach = sqrt(max(0, limit - (energy - bottom * products)) / squares)
  // An f16 more on either side makes up for rounding.
  const first = max(1, floatToHalf(max(0, bottom - reach, piece.least)) - 1)
  const last = min(LARGEST_HALF_BITS, floatToHalf(max(0, min(bottom + reach, piece.most))) + 1)
  for (let magnitude = first; magnitude <= last; magnitude += 1) {
    const scale = halfToFloat(magnitude)
    if (energy - 2 * scale * products + scale * scale * squares > limit) continue
    evaluate(block, sign < 0 ? magnitude | NEGATIVE : magnitude, best)
  }
}

/** Takes over a scale of less error, or of the same error and before the best in the stated order. */
function evaluate(block: Searched, bits: number, best: Best): void {
  if (evaluatedIn[bits] === blockNumber) return
  evaluatedIn[bits] = blockNumber
  const error = errorOf(block, bits)
  if (error < best.error || (error === best.error && comesBefore(bits, best.bits))) {
    best.error = error
    best.bits = bits
  }
}

function comesBefore(bits: number, other: number): boolean {
  return (bits & ~NEGATIVE) - (other & ~NEGATIVE) < 0 || ((bits ^ other) === NEGATIVE && bits < other)
}

/** E of an f16, by definition. */
function errorOf({ weights, errorWeights, levels }: Searched, bits: number): number {
  const scale = abs(halfToFloat(bits))
  const sign = bits < NEGATIVE ? 1 : -1
  if (scale === 0) return energyOf({ weights, errorWeights, levels })
  let sum = 0
  for (let i = 0; i < weights.length; i += 1) {
    const weight = sign * (weights[i] as number)
    const error = weight - scale * (levels.values[nearestLevel(weight, scale, levels)] as number)
    sum += (errorWeights[i] as number) * (error * error)
  }
  return sum
}

/** E of d = 0. */
function energyOf({ weights, errorWeights }: Searched): number {
  let sum = 0
  for (let i = 0; i < weights.length; i += 1) {
    const weight = weights[i] as number
    sum += (errorWeights[i] as number) * (weight * weight)
  }
  return sum
}

/**
 * Whether no f16 lowers the computed error below that of 0: whatever the largest one can take off the weights is lost
 * in rounding.
 */
function isTooLarge(block: Searched, energy: number): boolean {
  return errorCutOff(block, 1, LARGEST_HALF) >= energy && errorCutOff(block, -1, LARGEST_HALF) >= energy
}

function writeCodes({ weights, levels }: Searched, bits: number, codes: Uint8Array): void {
  const scale = abs(halfToFloat(bits))
  const sign = bits < NEGATIVE ? 1 : -1
  for (let i = 0; i < weights.length; i += 1) {
    codes[i] = scale === 0 ? levels.nearestZero : nearestLevel(sign * (weights[i] as number), scale, levels)
  }
}
