/**
 * The error of a block as a function of its one scale, exactly: `E(d) = sum w (x - d level(x / d))^2` with the nearest
 * levels, as pieces of parabolas.
 *
 * Seen from 1 / |d| = 0 outwards, every weight leaves the level nearest to 0 and moves away from it one level at a
 * time: past midpoint m when 1 / |d| passes m / |x|. Sorted, these breakpoints cut the scales of one sign into pieces
 * on which all codes stay, and on each piece
 *
 *     E(d) = energy - 2 |d| products + d^2 squares       products = sum w x level, squares = sum w level^2,
 *
 * where one breakpoint changes one code and so each sum by one term.
 *
 * @see rounding-experiments of compilade, README: cumulative search
 */
import { nearestLevel, type ScaledLevels } from './scaled-levels.ts'

/** Pieces of the error over the scales of one sign, from large |d| to small. */
export interface ScaleSweep {
  /** Values of 1 / |d| where a code changes: f64[count], ascending. */
  readonly breakpoints: Float64Array
  /** Sum of w x level of piece k, which ends at breakpoint k: f64[count + 1]; x with the sign of d taken out. */
  readonly products: Float64Array
  /** Sum of w level^2 of the same pieces. */
  readonly squares: Float64Array
}

/** Which scales a sweep goes through. */
export interface ScaleRange {
  readonly sign: 1 | -1
  /** Least and largest |d|; 0 and Infinity for all. */
  readonly least: number
  readonly most: number
}

/** The low bits of a breakpoint that hold the place of its weight while breakpoints are sorted. */
const PLACE_MASK = 0xff

/** Weights per block that a sweep can tell apart. */
export const MOST_SWEPT_WEIGHTS = PLACE_MASK + 1

let keys = new Float64Array(1024)
let keyWords = new Uint32Array(keys.buffer)
const codes = new Uint8Array(MOST_SWEPT_WEIGHTS)

/**
 * Sweeps the scales of one sign.
 *
 * Sums are carried along in double precision. Breakpoints are off by up to 2^-44 of themselves, which is how far the
 * place of the weight in their lowest bits moves them.
 *
 * @param weights      f32[n], n at most 256
 * @param errorWeights f64[n]
 */
export function sweepScales(
  weights: Float32Array,
  errorWeights: Float64Array,
  levels: ScaledLevels,
  range: ScaleRange,
): ScaleSweep {
  const count = collectBreakpoints(weights, errorWeights, levels, range)
  const breakpoints = keys.slice(0, count).sort()
  const sweep = { breakpoints, products: new Float64Array(count + 1), squares: new Float64Array(count + 1) }
  addUpPieces(weights, errorWeights, levels, range.sign, sweep)
  return sweep
}

/** Fills `codes` with those of the largest scale and `keys` with all breakpoints after it; gives their number. */
function collectBreakpoints(
  weights: Float32Array,
  errorWeights: Float64Array,
  levels: ScaledLevels,
  { sign, least, most }: ScaleRange,
): number {
  const { midpoints } = levels
  const end = 1 / least
  let count = 0
  for (let i = 0; i < weights.length; i += 1) {
    const weight = sign * (weights[i] as number)
    let code = firstCode(weight, most, levels)
    codes[i] = code
    if (weight === 0 || (errorWeights[i] as number) === 0) continue
    if (count + midpoints.length > keys.length) growKeys()
    const step = weight > 0 ? 1 : -1
    if (weight < 0) code -= 1
    for (; code >= 0 && code < midpoints.length; code += step) {
      const breakpoint = (midpoints[code] as number) / weight
      if (!(breakpoint <= end)) break
      keys[count] = breakpoint
      keyWords[2 * count] = ((keyWords[2 * count] as number) & ~PLACE_MASK) | i
      count += 1
    }
  }
  return count
}

function firstCode(weight: number, most: number, levels: ScaledLevels): number {
  if (most < Infinity) return nearestLevel(weight, most, levels)
  const { nearestZero, midpoints } = levels
  // Two levels are equally near to 0: the sign decides however large the scale is.
  return midpoints[nearestZero] === 0 && weight > 0 ? nearestZero + 1 : nearestZero
}

function growKeys(): void {
  const grown = new Float64Array(2 * keys.length + 256)
  grown.set(keys)
  keys = grown
  keyWords = new Uint32Array(keys.buffer)
}

function addUpPieces(
  weights: Float32Array,
  errorWeights: Float64Array,
  { values }: ScaledLevels,
  sign: number,
  { breakpoints, products, squares }: ScaleSweep,
): void {
  const places = new Uint32Array(breakpoints.buffer)
  let product = 0
  let square = 0
  for (let i = 0; i < weights.length; i += 1) {
    const level = values[codes[i] as number] as number
    product += (errorWeights[i] as number) * (sign * (weights[i] as number)) * level
    square += (errorWeights[i] as number) * (level * level)
  }
  products[0] = product
  squares[0] = square
  for (let k = 0; k < breakpoints.length; k += 1) {
    const i = (places[2 * k] as number) & PLACE_MASK
    const weight = sign * (weights[i] as number)
    const code = codes[i] as number
    const next = weight > 0 ? code + 1 : code - 1
    const from = values[code] as number
    const to = values[next] as number
    codes[i] = next
    product += (errorWeights[i] as number) * weight * (to - from)
    square += (errorWeights[i] as number) * (to * to - from * from)
    products[k + 1] = product
    squares[k + 1] = square
  }
}
