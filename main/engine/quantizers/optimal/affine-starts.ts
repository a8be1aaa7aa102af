/**
 * Where the search for the codes of Q4_1 and Q5_1 starts: a grid of scales and minima, each fitted twice.
 *
 * The first code is put up to 0.4 codes outside and 1.4 codes inside of the least value, the last one far outside too:
 * with fewer codes than there are, a scale may meet more values. The other way round the same code vectors would come
 * again, moved by some codes.
 */
import type { AffineBlock } from './affine-block.ts'
import { CodeSums } from './affine-code-sums.ts'

/** In codes of the scale from extreme to extreme, inwards. */
const FIRST_INSET = -0.4
const FIRST_STEP = 0.6
const FIRST_STEPS = 4
const LAST_STEP = 0.5
const LARGEST_LAST_INSET = 2.5

/** What the best fits take off the weighted sum of squares, best first; 0 where there is none. */
export interface AffineStart {
  gain: number
  scale: number
  /** Of values about their mean. */
  minimum: number
}

export const AFFINE_STARTS = 3

const sums = new CodeSums()

export function findAffineStarts(block: AffineBlock, steps: number, starts: AffineStart[]): void {
  for (const start of starts) Object.assign(start, { gain: 0, scale: 0, minimum: 0 })
  const unit = (block.high - block.low) / steps
  for (let first = 0; first < FIRST_STEPS; first += 1) {
    const minimum = block.low + (FIRST_INSET + FIRST_STEP * first) * unit
    for (let last = 0; last < lastInsets(steps); last += 1) {
      const top = block.high - (LARGEST_LAST_INSET - LAST_STEP * last) * unit
      tryStart(block, steps, (top - minimum) / steps, minimum, starts)
    }
  }
}

/** Q4_1 goes to 3 codes outside, Q5_1 to 6.5: the finer the scale, the more it can be stretched. */
function lastInsets(steps: number): number {
  return steps < 31 ? 12 : 19
}

function tryStart(
  block: AffineBlock,
  steps: number,
  firstScale: number,
  firstMinimum: number,
  starts: AffineStart[],
): void {
  const { totalWeight } = block
  let scale = firstScale
  let minimum = firstMinimum
  let gain = 0
  for (let fit = 0; fit < 2; fit += 1) {
    sums.round(block, steps, scale, minimum)
    scale = sums.products / sums.spread(totalWeight)
    minimum = (-scale * sums.codes) / totalWeight
    gain = sums.products * scale
  }
  // The same codes have the same sums, and are kept once.
  if (starts.some((start) => start.gain === gain)) return
  for (const start of starts) {
    if (!(gain > start.gain)) continue
    const worse = { ...start }
    Object.assign(start, { gain, scale, minimum })
    ;({ gain, scale, minimum } = worse)
  }
}
