/**
 * What IQ2_XXS, IQ2_XS and IQ2_S share: sub-blocks of 16 or 32 weights in groups of 8, each group a sign per weight
 * and a grid point of magnitudes 1, 3 or 5 (codes 0, 1, 2), all times one scale.
 *
 * The magnitudes of weights are rounded under a list of trial scales. A group whose codes are no grid point takes
 * the best of its neighbours under that scale. The trial with the smallest weighted squared error wins, under the
 * scale that is best for its points; under that scale points are chosen once more.
 *
 * @see ggml-quants.c: quantize_row_iq2_xxs_impl, quantize_row_iq2_xs_impl, quantize_row_iq2_s_impl,
 * iq2_find_best_neighbour
 */
import type { Grid } from './grids.ts'
import { nearestInt } from './rounding.ts'

const { fround, sqrt } = Math

export const SUPER_BLOCK = 256
const GROUP = 8
const LARGEST_CODE = 2
/** Magnitude of the highest code. */
export const LARGEST_MAGNITUDE = 5
const LARGEST_FLOAT = fround(3.4028235e38)

/** Trial scales are largest magnitude / numerator: 5 + 0.1 i, i = -steps ... steps. */
export function trialNumerators(steps: number): Float32Array {
  return Float32Array.from({ length: 2 * steps + 1 }, (_, i) =>
    fround(LARGEST_MAGNITUDE + fround(fround(0.1) * (i - steps))),
  )
}

/** A sub-block to search: magnitudes (one of a group may be negative), weights of the squared error and their roots. */
export interface SubBlock {
  readonly magnitudes: Float32Array
  readonly weights: Float32Array
  readonly roots: Float32Array
}

export function newSubBlock(count: 16 | 32): SubBlock {
  return {
    magnitudes: new Float32Array(count),
    weights: new Float32Array(count),
    roots: new Float32Array(count),
  }
}

export function fillRoots({ weights, roots }: SubBlock): void {
  for (let i = 0; i < weights.length; i += 1) roots[i] = sqrt(weights[i] as number)
}

export function largestMagnitude({ magnitudes }: SubBlock): number {
  let largest = magnitudes[0] as number
  for (const magnitude of magnitudes) if (magnitude > largest) largest = magnitude
  return largest
}

/** Points of the groups under a trial scale, and whether each is a neighbour of the rounded codes. */
const trialPoints = new Uint16Array(4)
const trialMoved = new Uint8Array(4)
/** Results of a fit: sum w x q and sum w q q. */
const fit = new Float32Array(2)

/**
 * Points of the best trial scale.
 *
 * @param largest    trial scales are this divided by the numerators
 * @param startScale returned if no trial wins, because all errors vanish or overflow; points and moved are not written
 * @param points     numbers of grid points per group
 * @param moved      1 for groups whose point is a neighbour of their codes
 * @returns scale that fits the points best
 */
export function searchPoints(
  block: SubBlock,
  grid: Grid,
  numerators: Float32Array,
  largest: number,
  startScale: number,
  points: Uint16Array,
  moved: Uint8Array,
): number {
  let best = 0
  let scale = startScale
  for (let i = 0; i < numerators.length; i += 1) {
    const inverse = fround((numerators[i] as number) / largest)
    const trialScale = fround(1 / inverse)
    for (let group = 0; group < points.length; group += 1)
      choosePoint(block, grid, group, inverse, trialScale)
    fitScale(block, grid, trialPoints)
    const products = fit[0] as number
    const squares = fit[1] as number
    if (squares > 0 && fround(products * products) > fround(best * squares)) {
      scale = fround(products / squares)
      best = fround(scale * products)
      for (let group = 0; group < points.length; group += 1) {
        points[group] = trialPoints[group] as number
        moved[group] = trialMoved[group] as number
      }
    }
  }
  return scale
}

/**
 * Chooses the points of some groups again, under the scale that was found.
 *
 * @param chosen 1 for groups to choose again
 * @returns scale that fits all points best
 */
export function chooseAgain(
  block: SubBlock,
  grid: Grid,
  scale: number,
  points: Uint16Array,
  chosen: Uint8Array,
): number {
  const inverse = fround(1 / scale)
  for (let group = 0; group < points.length; group += 1) {
    if (chosen[group] === 0) continue
    choosePoint(block, grid, group, inverse, scale)
    points[group] = trialPoints[group] as number
  }
  fitScale(block, grid, points)
  const fitted = fround((fit[0] as number) / (fit[1] as number))
  // ggml ends the process where sums overflowed and the quotient is no number; here the scale stays.
  return (fit[1] as number) > 0 && !Number.isNaN(fitted) ? fitted : scale
}

/** Rounds a group to a grid point, or to the best neighbour of codes that are none. */
function choosePoint(block: SubBlock, grid: Grid, group: number, inverse: number, scale: number): void {
  const packed = roundGroup(block.magnitudes, GROUP * group, inverse)
  const index = grid.indexOf(packed)
  trialMoved[group] = index < 0 ? 1 : 0
  trialPoints[group] = index < 0 ? bestNeighbour(block, grid, packed, GROUP * group, scale) : index
}

function roundGroup(magnitudes: Float32Array, at: number, inverse: number): number {
  let packed = 0
  for (let i = 0; i < GROUP; i += 1) {
    const scaled = fround(inverse * (magnitudes[at + i] as number))
    const code = nearestInt(fround(0.5 * fround(scaled - 1)))
    packed |= (code < 0 ? 0 : code > LARGEST_CODE ? LARGEST_CODE : code) << (2 * i)
  }
  return packed
}

/** Error terms of a group: code 0 of its weights, then codes 1 and 2. */
const terms = new Float64Array(3 * GROUP)

/**
 * The neighbour with the smallest weighted squared error, the first of equals.
 *
 * Errors are weighted by the roots of the weights, as in ggml. Where all of them overflow, which ends the process in
 * ggml, it is the first neighbour.
 */
function bestNeighbour(block: SubBlock, grid: Grid, packed: number, at: number, scale: number): number {
  const neighbours = grid.neighbours(packed)
  const { codes } = grid
  fillTerms(block, at, scale)
  let least = LARGEST_FLOAT
  let chosen = neighbours[0] as number
  for (let n = 0; n < neighbours.length; n += 1) {
    const from = GROUP * (neighbours[n] as number)
    let error = terms[GROUP * (codes[from] as number)] as number
    for (let i = 1; i < GROUP; i += 1) {
      error = fround(error + (terms[GROUP * (codes[from + i] as number) + i] as number))
    }
    if (error < least) {
      least = error
      chosen = neighbours[n] as number
    }
  }
  return chosen
}

function fillTerms(block: SubBlock, at: number, scale: number): void {
  for (let code = 0; code <= LARGEST_CODE; code += 1) {
    const level = fround(scale * (2 * code + 1))
    for (let i = 0; i < GROUP; i += 1) {
      const difference = fround(level - (block.magnitudes[at + i] as number))
      terms[GROUP * code + i] = fround(fround((block.roots[at + i] as number) * difference) * difference)
    }
  }
}

/** Sums over all weights, for the scale products / squares that fits the points best. */
function fitScale({ magnitudes, weights }: SubBlock, { codes }: Grid, points: Uint16Array): void {
  let products = 0
  let squares = 0
  for (let i = 0; i < magnitudes.length; i += 1) {
    const magnitude = 2 * (codes[GROUP * (points[i >>> 3] as number) + (i & 7)] as number) + 1
    const weight = weights[i] as number
    products = fround(products + fround(fround(weight * (magnitudes[i] as number)) * magnitude))
    squares = fround(squares + fround(fround(weight * magnitude) * magnitude))
  }
  fit[0] = products
  fit[1] = squares
}

/** What codes 0, 1 and 2 decode to, in eighths of a unit. */
export const LEVELS = [8, 25, 43]

/** Levels of all points as they are decoded, f32[8 size]. */
export function decodedLevels({ codes }: Grid): Float32Array {
  return Float32Array.from(codes, (code) => LEVELS[code] as number)
}

/** What the levels of a sub-block are multiplied with. */
export function decodedScale(d: number, code: number): number {
  return fround(fround(d * fround(0.5 + code)) * 0.25)
}

/** Decodes 8 weights: point `index` of the levels, times a scale, under sign bits. */
export function decodeGroup(
  levels: Float32Array,
  index: number,
  scale: number,
  signs: number,
  out: Float32Array,
  at: number,
): void {
  for (let i = 0; i < GROUP; i += 1) {
    const value = scale * (levels[GROUP * index + i] as number)
    out[at + i] = (signs >>> i) & 1 ? -value : value
  }
}
