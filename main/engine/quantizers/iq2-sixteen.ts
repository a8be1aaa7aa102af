/**
 * What IQ2_XS and IQ2_S share: sub-blocks of 16 with 4-bit scales, and a search that starts from the largest weight.
 */
import type { Grid } from './grids.ts'
import {
  chooseAgain,
  fillRoots,
  LARGEST_MAGNITUDE,
  largestMagnitude,
  newSubBlock,
  searchPoints,
  trialNumerators,
} from './iq2-search.ts'

const { fround, abs } = Math

export const SUB_BLOCK = 16
export const SUB_BLOCKS = 16
const NUMERATORS = trialNumerators(9)

/** The sub-block at hand: its owner fills magnitudes and weights, and reads the points of its two groups. */
export const block = newSubBlock(SUB_BLOCK)
export const points = new Uint16Array(2)
const moved = new Uint8Array(2)
/** Scales of all sub-blocks, 0 where one is stored as zeros. */
export const scales = new Float32Array(SUB_BLOCKS)

/**
 * Scale and points of the sub-block at hand: only groups that needed a neighbour choose again.
 *
 * @returns scale, negative if the signs turned out the wrong way round; undefined if the sub-block is stored as zeros
 */
export function searchSubBlock(grid: Grid, smallest: number): number | undefined {
  const largest = largestMagnitude(block)
  if (largest < smallest) return undefined
  points.fill(0)
  moved.fill(0)
  fillRoots(block)
  const startScale = fround(largest / LARGEST_MAGNITUDE)
  const scale = searchPoints(block, grid, NUMERATORS, largest, startScale, points, moved)
  return scale > 0 && moved.includes(1) ? chooseAgain(block, grid, scale, points, moved) : scale
}

export function largestScale(): number {
  return scales.reduce((largest, scale) => (abs(scale) > largest ? abs(scale) : largest), 0)
}
