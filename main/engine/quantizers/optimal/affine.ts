/**
 * The searches of Q4_1 and Q5_1: codes from the best of many starts, then the best f16 pair to them.
 *
 * On Gaussian, Laplace and Student-t blocks, weighted and not, the error is on average within 0.5 % of the least one
 * that a real-valued scale and minimum could have (`affine-arrangement.ts`; measured in the tests).
 */
import { floatToHalf } from '../../tensor/half.ts'
import { writeHalfWord } from '../half-words.ts'
import { LEGACY_BLOCK } from '../legacy-codes.ts'
import { AffineBlock } from './affine-block.ts'
import { CodeSums } from './affine-code-sums.ts'
import { scanAffineScales } from './affine-exhaustive.ts'
import { bestHalfPair, nearestHalf } from './affine-half-pair.ts'
import { polishCodes } from './affine-polish.ts'
import { AFFINE_STARTS, type AffineStart, findAffineStarts } from './affine-starts.ts'
import type { BlockSearch } from './block-search.ts'

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
    writeBest(pack, out)
  }
}

/** As {@link affineBlockSearch}, then through all that could be better. */
export function affineExhaustiveSearch({ maximum, pack }: AffineLayout): BlockSearch {
  return (searched, out) => {
    const counts = block.load(searched)
    searchBlock(counts, maximum)
    if (counts) scanAffineScales(block, maximum, best)
    writeBest(pack, out)
  }
}

function writeBest(pack: AffineLayout['pack'], out: Uint8Array): void {
  writeHalfWord(floatToHalf(best.scale), out, 0)
  writeHalfWord(floatToHalf(best.minimum), out, 2)
  pack(best.codes, out, 0)
}

/** Fills {@link best}; with zeros where nothing counts. */
function searchBlock(counts: boolean, steps: number): void {
  best.codes.fill(0)
  best.scale = 0
  best.minimum = counts ? nearestHalf(block.mean) : 0
  if (!counts) return
  best.error = block.errorOf(0, best.minimum, best.codes)
  if (block.low === block.high) {
    codes.fill(1)
    keepBetter(nearestHalf(block.mean - best.minimum), best.minimum, codes)
    return
  }
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
    const error = keepBetter(pair.scale, pair.minimum, codes)
    if (!(error < last)) return
    last = error
  }
}

/** The error, which becomes the best if it is less. */
function keepBetter(scale: number, minimum: number, found: Uint8Array): number {
  const error = block.errorOf(scale, minimum, found)
  if (error < best.error) {
    Object.assign(best, { error, scale, minimum })
    best.codes.set(found)
  }
  return error
}
