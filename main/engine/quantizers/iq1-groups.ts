/**
 * What IQ1_S and IQ1_M share: weights of -1, 0 or 1 times a scale, all of a group of 8 shifted by an eighth up or
 * down, and a grid of 2048 points that a group's codes must lie on.
 *
 * @see ggml-quants.c: iq1_find_best_neighbour2, quantize_row_iq1_s_impl, quantize_row_iq1_m_impl
 */
import { IQ1_GRID } from './grids.ts'

const { fround } = Math

export const GROUP = 8
/** Distance of the middle level from 0. */
export const SHIFT = 0.125
/** Levels of codes 0, 1, 2 with the shift upwards and downwards. */
export const UP = Float32Array.of(-1 + SHIFT, SHIFT, 1 + SHIFT)
export const DOWN = Float32Array.of(-1 - SHIFT, -SHIFT, 1 - SHIFT)

const LARGEST_FLOAT = fround(3.4028235e38)

const POINTS = IQ1_GRID.points
/** w (scale * level - x)^2 of each weight of a group with each code. */
const terms = new Float64Array(3 * GROUP)
/** Sums of the first four terms, by the packed codes. */
const firstHalves = new Float64Array(256)

function packCodes(codes: Uint8Array, at: number): number {
  let packed = 0
  for (let i = 0; i < GROUP; i += 1) packed |= (codes[at + i] as number) << (2 * i)
  return packed
}

/**
 * Moves the codes of a sub-block's groups onto the grid and, where that changed one, fits the scale again.
 *
 * @param weights weights of the squared error, f32 from index `at` like x
 * @param levels  UP or DOWN for each group
 * @param points  numbers of the grid points of the groups, written
 * @returns scale, not negative; Infinity where sums overflowed, for which ggml ends the process
 */
export function placeGroups(
  x: Float32Array,
  at: number,
  weights: Float32Array,
  scale: number,
  levels: readonly Float32Array[],
  codes: Uint8Array,
  points: Uint16Array,
): number {
  let moved = false
  for (let k = 0; k < levels.length; k += 1) {
    const packed = packCodes(codes, GROUP * k)
    let point = IQ1_GRID.indexOf(packed)
    if (point < 0) {
      moved = true
      measureTerms(x, at + GROUP * k, weights, scale, levels[k] as Float32Array)
      point = bestNeighbour(IQ1_GRID.neighbours(packed))
    }
    points[k] = point
  }
  const fitted = moved ? fitScale(x, at, weights, scale, levels, points) : scale
  return fitted >= 0 ? fitted : Infinity
}

function measureTerms(
  x: Float32Array,
  at: number,
  weights: Float32Array,
  scale: number,
  levels: Float32Array,
): void {
  for (let i = 0; i < GROUP; i += 1) {
    const value = x[at + i] as number
    const weight = weights[at + i] as number
    for (let code = 0; code < 3; code += 1) {
      const difference = fround(fround(scale * (levels[code] as number)) - value)
      terms[3 * i + code] = fround(fround(weight * difference) * difference)
    }
  }
  sumFirstHalves()
}

function sumFirstHalves(): void {
  for (let a = 0; a < 3; a += 1) {
    for (let b = 0; b < 3; b += 1) {
      const two = fround((terms[a] as number) + (terms[3 + b] as number))
      for (let c = 0; c < 3; c += 1) {
        const three = fround(two + (terms[6 + c] as number))
        for (let d = 0; d < 3; d += 1) {
          firstHalves[a | (b << 2) | (c << 4) | (d << 6)] = fround(three + (terms[9 + d] as number))
        }
      }
    }
  }
}

/**
 * The neighbour of smallest error, the first of equals.
 *
 * Terms are not negative, so a sum that has reached the best one can be left. If none is finite, ggml looks through
 * the whole grid, but compares with values beyond the group and the row; here the first neighbour is taken.
 */
function bestNeighbour(neighbours: Uint16Array): number {
  let best = LARGEST_FLOAT
  let found = neighbours[0] as number
  for (let n = 0; n < neighbours.length; n += 1) {
    const point = neighbours[n] as number
    const packed = POINTS[point] as number
    let sum = firstHalves[packed & 255] as number
    if (!(sum < best)) continue
    sum = fround(sum + (terms[12 + ((packed >>> 8) & 3)] as number))
    sum = fround(sum + (terms[15 + ((packed >>> 10) & 3)] as number))
    sum = fround(sum + (terms[18 + ((packed >>> 12) & 3)] as number))
    sum = fround(sum + (terms[21 + (packed >>> 14)] as number))
    if (sum < best) {
      best = sum
      found = point
    }
  }
  return found
}

/** Least-squares scale of the grid points; the given one where that is not positive. */
function fitScale(
  x: Float32Array,
  at: number,
  weights: Float32Array,
  scale: number,
  levels: readonly Float32Array[],
  points: Uint16Array,
): number {
  sums[0] = 0
  sums[1] = 0
  for (let k = 0; k < levels.length; k += 1) {
    addProducts(x, at + GROUP * k, weights, levels[k] as Float32Array, 1, points[k] as number)
  }
  const products = sums[0]
  const squares = sums[1]
  return products > 0 && squares > 0 ? fround(products / squares) : scale
}

/** sum w q x and sum w q q over the groups added so far. */
export const sums = new Float32Array(2)

/** Adds a group whose weights are `multiple` times their levels to {@link sums}. */
export function addProducts(
  x: Float32Array,
  at: number,
  weights: Float32Array,
  levels: Float32Array,
  multiple: number,
  point: number,
): void {
  const packed = POINTS[point] as number
  let products = sums[0] as number
  let squares = sums[1] as number
  for (let i = 0; i < GROUP; i += 1) {
    const level = (levels[(packed >>> (2 * i)) & 3] as number) * multiple
    const weighted = fround((weights[at + i] as number) * level)
    products = fround(products + fround(weighted * (x[at + i] as number)))
    squares = fround(squares + fround(weighted * level))
  }
  sums[0] = products
  sums[1] = squares
}

/** Decodes a group: scale times its point's codes, less one, plus the shift. */
export function decodeGroup(
  point: number,
  scale: number,
  shift: number,
  out: Float32Array,
  to: number,
): void {
  const packed = POINTS[point] as number
  for (let i = 0; i < GROUP; i += 1) out[to + i] = scale * (((packed >>> (2 * i)) & 3) - 1 + shift)
}
