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
import { nearestInt } from './rounding.ts'
import { makeSignsEven, splitSigns } from './sign-bits.ts'
import { importanceWeights } from './weighting.ts'

const { abs, fround, sqrt } = Math

export const SUPER_BLOCK = 256
export const SUB_BLOCK = 32
export const SUB_BLOCKS = 8
const GROUP = 4
const GROUPS = 8
const FLOAT_MAX = (2 - 2 ** -23) * 2 ** 127
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

/** The sub-block at hand: magnitudes of weights, weights of the squared error and their roots, f32[32]. */
const values = new Float32Array(SUB_BLOCK)
const errorWeights = new Float32Array(SUB_BLOCK)
const rootWeights = new Float32Array(SUB_BLOCK)
/** Numbers of the points chosen under a trial scale, and whether those are neighbours. */
const trialPoints = new Uint16Array(GROUPS)
const trialMoved = new Uint8Array(GROUPS)
const moved = new Uint8Array(GROUPS)
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
  for (let i = 0; i < search.numerators.length; i += 1) {
    const inverse = fround((search.numerators[i] as number) / largest)
    const trialScale = fround(1 / inverse)
    for (let group = 0; group < GROUPS; group += 1) choosePoint(search, group, inverse, trialScale)
    fitScale(trialPoints, search.magnitudes)
    const products = fit[0] as number
    const squares = fit[1] as number
    if (squares > 0 && fround(products * products) > fround(best * squares)) {
      scale = fround(products / squares)
      best = fround(scale * products)
      points.set(trialPoints)
      moved.set(trialMoved)
    }
  }
  return moved.includes(1) && scale > 0 ? chooseAgain(search, scale, points) : scale
}

/** Moves groups to the points that are best under the found scale; returns the best scale for those. */
function chooseAgain(search: Iq3Search, scale: number, points: Uint16Array): number {
  const inverse = fround(1 / scale)
  for (let group = 0; group < GROUPS; group += 1) {
    if (!search.choosesAllAgain && moved[group] === 0) continue
    choosePoint(search, group, inverse, scale)
    points[group] = trialPoints[group] as number
  }
  fitScale(points, search.magnitudes)
  const fitted = fround((fit[0] as number) / (fit[1] as number))
  // ggml ends the process where sums overflowed and the quotient is no number; here the scale stays.
  return (fit[1] as number) > 0 && !Number.isNaN(fitted) ? fitted : scale
}

/** Rounds a group to a grid point, or to the best neighbour of codes that are none. */
function choosePoint(search: Iq3Search, group: number, inverse: number, scale: number): void {
  let packed = 0
  for (let i = 0; i < GROUP; i += 1) {
    const scaled = fround(inverse * (values[GROUP * group + i] as number))
    const code = nearestInt(fround(0.5 * fround(scaled - 1)))
    packed |= (code < 0 ? 0 : code > 7 ? 7 : code) << (3 * i)
  }
  const index = search.grid.indexOf(packed)
  trialMoved[group] = index < 0 ? 1 : 0
  trialPoints[group] =
    index < 0 ? bestNeighbour(search.grid.neighbours(packed), search.magnitudes, GROUP * group, scale) : index
}

/**
 * The neighbour with the smallest weighted squared error, the first of equals.
 *
 * Errors are weighted by the roots of the weights, as in ggml. Where all of them overflow, which ends the process in
 * ggml, it is the first neighbour. Errors in single precision are slow to compute: those that are larger by `margin`
 * in double precision are left out.
 */
function bestNeighbour(neighbours: Uint16Array, magnitudes: Float32Array, at: number, scale: number): number {
  const x0 = values[at] as number
  const x1 = values[at + 1] as number
  const x2 = values[at + 2] as number
  const x3 = values[at + 3] as number
  const w0 = rootWeights[at] as number
  const w1 = rootWeights[at + 1] as number
  const w2 = rootWeights[at + 2] as number
  const w3 = rootWeights[at + 3] as number
  const margin = roundingOfErrors(at, scale)
  let least = FLOAT_MAX
  let chosen = neighbours[0] as number
  for (let i = 0; i < neighbours.length; i += 1) {
    const index = neighbours[i] as number
    const from = GROUP * index
    const p0 = scale * (magnitudes[from] as number)
    const p1 = scale * (magnitudes[from + 1] as number)
    const p2 = scale * (magnitudes[from + 2] as number)
    const p3 = scale * (magnitudes[from + 3] as number)
    const rough = w0 * square(p0 - x0) + w1 * square(p1 - x1) + w2 * square(p2 - x2) + w3 * square(p3 - x3)
    if (rough > least + margin) continue
    const d0 = fround(fround(p0) - x0)
    const d1 = fround(fround(p1) - x1)
    const d2 = fround(fround(p2) - x2)
    const d3 = fround(fround(p3) - x3)
    let error = fround(fround(w0 * d0) * d0)
    error = fround(error + fround(fround(w1 * d1) * d1))
    error = fround(error + fround(fround(w2 * d2) * d2))
    error = fround(error + fround(fround(w3 * d3) * d3))
    if (error < least) {
      least = error
      chosen = index
    }
  }
  return chosen
}

function square(value: number): number {
  return value * value
}

/**
 * What an error of a group in single precision is off by at most.
 *
 * With magnitudes up to 15, 10 roundings of sum w (15 scale + |x|)^2: two of the difference, which is squared, two of
 * the products, three of the sums. Products that underflow add less than the constant.
 */
function roundingOfErrors(at: number, scale: number): number {
  let sum = 0
  for (let i = at; i < at + GROUP; i += 1) {
    sum += (rootWeights[i] as number) * square(LARGEST_MAGNITUDE * scale + abs(values[i] as number))
  }
  return 16 * 2 ** -24 * sum + 2 ** -100
}

/** Sums over all weights, for the scale products / squares that fits the points best. */
function fitScale(points: Uint16Array, magnitudes: Float32Array): void {
  let products = 0
  let squares = 0
  for (let i = 0; i < SUB_BLOCK; i += 1) {
    const magnitude = magnitudes[GROUP * (points[i >>> 2] as number) + (i & 3)] as number
    const weight = errorWeights[i] as number
    products = fround(products + fround(fround(weight * (values[i] as number)) * magnitude))
    squares = fround(squares + fround(fround(weight * magnitude) * magnitude))
  }
  fit[0] = products
  fit[1] = squares
}

/** 4-bit code of a scale that decodes to unit * (1 + 2 code). */
export function scaleCode(inverseUnit: number, scale: number): number {
  const code = nearestInt(fround(0.5 * fround(fround(inverseUnit * scale) - 1)))
  return code < 0 ? 0 : code > 15 ? 15 : code
}
