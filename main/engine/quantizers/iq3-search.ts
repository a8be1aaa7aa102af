/**
 * What IQ3_XXS and IQ3_S share: sub-blocks of 32 weights in groups of 4, each group a sign per weight and a grid
 * point of odd magnitudes 1 ... 15, all times one scale.
 *
 * The magnitudes of weights are rounded under a list of trial scales. A group whose codes are no grid point takes
 * the best of its neighbours under that scale. The trial with the smallest weighted squared error wins, under the
 * scale that is best for its points; that scale is then used to choose points once more.
 *
 * @see ggml-quants.c: quantize_row_iq3_xxs_impl, quantize_row_iq3_s_impl, iq3_find_best_neighbour
 */
import type { Grid } from './grids.ts'
import { excludeNeighbours, type Group, marginOf, nearestOf } from './iq3-neighbours.ts'
import { nearestInt } from './rounding.ts'
import { makeSignsEven, splitSigns } from './sign-bits.ts'
import { importanceWeights } from './weighting.ts'

const { fround, sqrt } = Math

export const SUPER_BLOCK = 256
export const SUB_BLOCK = 32
export const SUB_BLOCKS = 8
const GROUP = 4
const GROUPS = 8
/** Magnitude of the highest code, 7. */
const LARGEST_MAGNITUDE = 15

export interface Iq3Search {
  readonly grid: Grid
  /** Magnitudes 2 code + 1 of all points, f32[4 size]. */
  readonly magnitudes: Float32Array
  /** Trial scales are largest weight / numerator. */
  readonly numerators: Float32Array
  /** Whether one group that was moved to a neighbour has all groups choose again, or only itself. */
  readonly choosesAllAgain: boolean
}

/** Trial numerators are 15 + 0.2 i, i = -steps ... steps. */
export function iq3Search(grid: Grid, steps: number, choosesAllAgain: boolean): Iq3Search {
  const numerators = Float32Array.from({ length: 2 * steps + 1 }, (_, i) =>
    fround(LARGEST_MAGNITUDE + fround(fround(0.2) * (i - steps))),
  )
  return {
    grid,
    magnitudes: Float32Array.from(grid.codes, (code) => 2 * code + 1),
    numerators,
    choosesAllAgain,
  }
}

/** No search tries more scales. */
const MAX_TRIALS = 31

/** The sub-block at hand: magnitudes of weights, weights of the squared error and their roots, f32[32]. */
const values = new Float32Array(SUB_BLOCK)
const errorWeights = new Float32Array(SUB_BLOCK)
const rootWeights = new Float32Array(SUB_BLOCK)
/** A group of it; errors of neighbours are weighted by the roots of the weights, as in ggml. */
const four: Group = { values, weights: rootWeights, at: 0 }
/** Trial scales and their inverses. */
const scales = new Float32Array(MAX_TRIALS)
const inverses = new Float32Array(MAX_TRIALS)
/** Numbers of the points chosen for every trial and group, and whether those are neighbours. */
const trialPoints = new Uint16Array(MAX_TRIALS * GROUPS)
const trialMoved = new Uint8Array(MAX_TRIALS * GROUPS)
const moved = new Uint8Array(GROUPS)
const remaining = new Uint16Array(64)
/** Results of a fit: sum w x q and sum w q q. */
const fit = new Float32Array(2)

/**
 * Splits a sub-block into magnitudes and signs, and weighs it: importance times the root of (variance + squared
 * weight), or without importance the squared weight.
 *
 * @param variance  twice the mean square of the super-block
 * @param evenSigns keep the number of signs per 8 weights even, at the price of a negative magnitude
 * @param signs     u8[4], written: bit i is the sign of weight i of 8
 * @returns largest magnitude
 */
export function loadSubBlock(
  x: Float32Array,
  at: number,
  importance: Float32Array | null,
  variance: number,
  evenSigns: boolean,
  signs: Uint8Array,
): number {
  weigh(x, at, importance, variance)
  splitSigns(x, at, values, signs)
  if (evenSigns) makeSignsEven(values, errorWeights, signs)
  let largest = values[0] as number
  for (let i = 1; i < SUB_BLOCK; i += 1) if ((values[i] as number) > largest) largest = values[i] as number
  return largest
}

function weigh(x: Float32Array, at: number, importance: Float32Array | null, variance: number): void {
  if (importance !== null) importanceWeights(x, at, SUB_BLOCK, importance, variance, errorWeights)
  else {
    for (let i = 0; i < SUB_BLOCK; i += 1) errorWeights[i] = (x[at + i] as number) * (x[at + i] as number)
  }
  for (let i = 0; i < SUB_BLOCK; i += 1) rootWeights[i] = sqrt(errorWeights[i] as number)
}

/**
 * Scale and grid points of the loaded sub-block.
 *
 * @param largest what `loadSubBlock` returned, above 0
 * @param points  u16[8], written: numbers of grid points
 * @returns scale; negative if the signs turned out the wrong way round
 */
export function searchPoints(largest: number, search: Iq3Search, points: Uint16Array): number {
  let best = 0
  let scale = fround(largest / LARGEST_MAGNITUDE)
  points.fill(0)
  // If no trial wins, because all errors vanish or overflow, only one of the formats chooses again.
  moved.fill(search.choosesAllAgain ? 1 : 0)
  const trials = search.numerators.length
  for (let trial = 0; trial < trials; trial += 1) {
    inverses[trial] = (search.numerators[trial] as number) / largest
    scales[trial] = 1 / (inverses[trial] as number)
  }
  for (let group = 0; group < GROUPS; group += 1) choosePoints(search, group, trials)
  for (let from = 0; from < trials * GROUPS; from += GROUPS) {
    fitScale(trialPoints, from, search.magnitudes)
    const products = fit[0] as number
    const squares = fit[1] as number
    if (squares > 0 && fround(products * products) > fround(best * squares)) {
      scale = fround(products / squares)
      best = fround(scale * products)
      points.set(trialPoints.subarray(from, from + GROUPS))
      moved.set(trialMoved.subarray(from, from + GROUPS))
    }
  }
  return moved.includes(1) && scale > 0 ? chooseAgain(search, scale, points) : scale
}

/** Chooses the points of a group under all trial scales, by runs of trials that round it to the same codes. */
function choosePoints(search: Iq3Search, group: number, trials: number): void {
  four.at = GROUP * group
  const margin = marginOf(four, scales[trials - 1] as number, scales[0] as number)
  let next = roundGroup(inverses[0] as number)
  for (let first = 0, last = 0; first < trials; first = last) {
    const packed = next
    for (last = first + 1; last < trials; last += 1) {
      next = roundGroup(inverses[last] as number)
      if (next !== packed) break
    }
    chooseRun(search, group, packed, first, last, margin)
  }
}

/** Chooses the points of a group under the trial scales from the first to before the last. */
function chooseRun(
  search: Iq3Search,
  group: number,
  packed: number,
  first: number,
  last: number,
  margin: number,
): void {
  const { grid, magnitudes } = search
  let point = grid.indexOf(packed)
  const isMoved = point < 0
  let count = 1
  if (isMoved) {
    const list = grid.neighbours(packed)
    const [firstScale, lastScale] = [scales[first] as number, scales[last - 1] as number]
    count = excludeNeighbours(list, magnitudes, four, firstScale, lastScale, margin, remaining)
    point = (count === 1 ? remaining[0] : list[0]) as number
  }
  for (let trial = first; trial < last; trial += 1) {
    trialMoved[GROUPS * trial + group] = isMoved ? 1 : 0
    trialPoints[GROUPS * trial + group] =
      count === 1 ? point : nearestOf(remaining, count, magnitudes, four, scales[trial] as number, point)
  }
}

/** Moves groups to the points that are best under the found scale; returns the best scale for those. */
function chooseAgain(search: Iq3Search, scale: number, points: Uint16Array): number {
  const inverse = fround(1 / scale)
  for (let group = 0; group < GROUPS; group += 1) {
    if (!search.choosesAllAgain && moved[group] === 0) continue
    four.at = GROUP * group
    const packed = roundGroup(inverse)
    const index = search.grid.indexOf(packed)
    points[group] = index < 0 ? nearestNeighbour(search, packed, scale) : index
  }
  fitScale(points, 0, search.magnitudes)
  const fitted = fround((fit[0] as number) / (fit[1] as number))
  // ggml ends the process where sums overflowed and the quotient is no number; here the scale stays.
  return (fit[1] as number) > 0 && !Number.isNaN(fitted) ? fitted : scale
}

function nearestNeighbour(search: Iq3Search, packed: number, scale: number): number {
  const list = search.grid.neighbours(packed)
  return nearestOf(list, list.length, search.magnitudes, four, scale, list[0] as number)
}

/** Codes of the group at hand, code i at bit 3 i. */
function roundGroup(inverse: number): number {
  let packed = 0
  for (let i = 0; i < GROUP; i += 1) {
    const scaled = fround(inverse * (values[four.at + i] as number))
    const code = nearestInt(fround(0.5 * fround(scaled - 1)))
    packed |= (code < 0 ? 0 : code > 7 ? 7 : code) << (3 * i)
  }
  return packed
}

/** Sums over all weights, for the scale products / squares that fits the points from an index on best. */
function fitScale(points: Uint16Array, from: number, magnitudes: Float32Array): void {
  let products = 0
  let squares = 0
  for (let i = 0; i < SUB_BLOCK; i += 1) {
    const magnitude = magnitudes[GROUP * (points[from + (i >>> 2)] as number) + (i & 3)] as number
    const weight = errorWeights[i] as number
    products = fround(products + fround(fround(weight * (values[i] as number)) * magnitude))
    squares = fround(squares + fround(fround(weight * magnitude) * magnitude))
  }
  fit[0] = products
  fit[1] = squares
}
