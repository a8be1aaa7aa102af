/**
 * The searches of Q4_1 and Q5_1: codes from the best of many starts, then the best f16 pair to them.
 *
 * On Gaussian, Laplace and Student-t blocks, weighted and not, the error is on average within 0.5 % of the least one
 * that a real-valued scale and minimum could have (`affine-arrangement.ts`; measured in the tests).
 */
import { floatToHalf } from '../../tensor/half.ts'
import { writeHalfWord } from '../half-words.ts'
import { LEGACY_BLOCK } from '../legacy-codes.ts'
import { importanceWeights, sumOfSquares } from '../weighting.ts'
import { AffineBlock } from './affine-block.ts'
import { CodeSums } from './affine-code-sums.ts'
import { bestHalfPair, nearestHalf } from './affine-half-pair.ts'
import { polishCodes } from './affine-polish.ts'
import { AFFINE_STARTS, type AffineStart, findAffineStarts } from './affine-starts.ts'
import type { BlockSearch } from './block-search.ts'
import type { ErrorWeights } from './objectives.ts'

interface AffineLayout {
  /** Codes are 0 ... maximum. */
  readonly maximum: number
  readonly pack: (codes: Uint8Array, out: Uint8Array, to: number) => void
}

/** How often codes are rounded anew to the f16 pair that they led to. */
const MOST_ROUNDINGS = 4

const block = new AffineBlock()
const starts: AffineStart[] = Array.from({ length: AFFINE_STARTS }, () => ({ gain: 0, scale: 0, minimum: 0 }))
const sums = new CodeSums()
const pair = { scale: 0, minimum: 0 }
const codes = new Uint8Array(LEGACY_BLOCK)
const best = { scale: 0, minimum: 0, error: 0, codes: new Uint8Array(LEGACY_BLOCK) }

export function affineBlockSearch({ maximum, pack }: AffineLayout): BlockSearch {
  return (searched, out) => {
    searchBlock(block.load(searched), maximum)
    writeHalfWord(floatToHalf(best.scale), out, 0)
    writeHalfWord(floatToHalf(best.minimum), out, 2)
    pack(best.codes, out, 0)
  }
}

/** Fills {@link best}; with zeros where nothing counts. */
function searchBlock(counts: boolean, steps: number): void {
  best.codes.fill(0)
  best.scale = 0
  best.minimum = counts ? nearestHalf(block.mean) : 0
  if (!counts) return
  best.error = block.errorOf(0, best.minimum, best.codes)
  findAffineStarts(block, steps, starts)
  for (const start of starts) {
    if (!(start.gain > 0)) return
    polishCodes(block, steps, start, codes)
    settle(steps)
  }
}

/** The best f16 pair to the codes, the nearest codes to that pair, and so on while the error falls. */
function settle(steps: number): void {
  let last = Infinity
  for (let rounding = 0; rounding < MOST_ROUNDINGS; rounding += 1) {
    sums.add(block, codes)
    if (!(sums.spread(block.totalWeight) > 0)) return
    bestHalfPair(block, sums, pair)
    if (!(pair.scale > 0)) return
    block.round(pair.scale, pair.minimum, steps, codes)
    const error = block.errorOf(pair.scale, pair.minimum, codes)
    if (error < best.error) {
      best.error = error
      best.scale = pair.scale
      best.minimum = pair.minimum
      best.codes.set(codes)
    }
    if (!(error < last)) return
    last = error
  }
}

/** Importance times the root of mean square of the row plus squared weight; without importance plain. */
export const affineErrorWeights: ErrorWeights = (weights, importance, out) => {
  if (importance === null) {
    out.fill(1)
    return
  }
  const { length } = weights
  const variance = Math.fround(sumOfSquares(weights, 0, length) / length)
  const single = new Float32Array(length)
  importanceWeights(weights, 0, length, importance, variance, single)
  out.set(single)
}
