/**
 * Codes, sub-block scales and minima, d and dmin of Q2_K, Q4_K and Q5_K for the least weighted error that
 * alternating finds.
 *
 * 1. Every sub-block is fitted by itself.
 * 2. Pairs of d and dmin are ranked by what these fits lose to multiples of them; with the codes counted from either
 *    end (d < 0 is allowed, and so is dmin).
 * 3. From the best pairs, and from the reference's solution: scale and minimum codes of each sub-block, weights rounded
 *    anew for each candidate.
 * 4. From the best of these: d and dmin by least squares, codes anew, until the error falls no more.
 *
 * No step raises the error. The result is a local optimum, not a certified one; `k-affine-bound.ts` gives what no choice
 * can go below.
 */
import { floatToHalf, halfToFloat } from '../../tensor/half.ts'
import { readHalfWord, writeHalfWord } from '../half-words.ts'
import { type AffineLayout, SUPER_BLOCK } from '../k-affine.ts'
import type { BlockSearch } from './block-search.ts'
import { AffineBlock, type Choices, createChoices, inverseOf, SUB_BLOCKS } from './k-affine-block.ts'
import { fitSubBlocks, mirrorFits } from './k-affine-fit.ts'
import { startingPairs } from './k-affine-starts.ts'
import { type AffineSolution, createSolution, fitPair, searchWindow } from './k-affine-window.ts'

/** Alternations; nearly always the error falls no more after fewer. */
const ROUNDS = 16

export function kAffineSearch(layout: AffineLayout): BlockSearch {
  const { subBlock, maximum: maximumScale } = layout.scales
  const block = new AffineBlock({ subBlock, maximumScale, maximumCode: layout.plainSearch.maximum })
  const search = new SolutionSearch(block)
  return ({ weights, errorWeights, reference }, out) => {
    block.load(weights, errorWeights)
    search.startFromFits()
    search.startFromReference(reference, layout)
    search.alternate()
    writeSolution(block, search.best, layout, out)
  }
}

/** The best solution so far, and the one that may replace it. */
class SolutionSearch {
  best = createSolution()
  #trial = createSolution()
  readonly #block: AffineBlock
  readonly #fits = createChoices()
  readonly #mirrored = createChoices()
  readonly #given = createChoices()

  constructor(block: AffineBlock) {
    this.#block = block
  }

  startFromFits(): void {
    this.best.error = Infinity
    fitSubBlocks(this.#block, this.#fits)
    mirrorFits(this.#block, this.#fits, this.#mirrored)
    for (const fits of [this.#fits, this.#mirrored]) {
      for (const [d, dmin] of startingPairs(this.#block, fits)) this.#try(fits, 1, 1, d, dmin)
    }
  }

  startFromReference(bytes: Uint8Array, { scales }: AffineLayout): void {
    const d = halfToFloat(readHalfWord(bytes, scales.words))
    const dmin = halfToFloat(readHalfWord(bytes, scales.words + 2))
    if (!Number.isFinite(d) || !Number.isFinite(dmin)) return
    for (let j = 0; j < this.#block.count; j += 1) {
      this.#given.scales[j] = scales.readScale(bytes, scales.codes, j)
      this.#given.minima[j] = scales.readMinimum(bytes, scales.codes, j)
      this.#given.codeSums[j] = this.#fits.codeSums[j] as number
    }
    this.#try(this.#given, d, dmin, d, dmin)
  }

  /** Until the error falls no more. */
  alternate(): void {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { best } = this
      const [d, dmin] = fitPair(this.#block, best)
      if (!this.#try(best.choices, d, dmin, d, dmin)) return
    }
  }

  /** Searches the window around a centre, in units of its own; whether that is better than the best. */
  #try(centre: Choices, scaleUnit: number, minimumUnit: number, d: number, dmin: number): boolean {
    const trial = this.#trial
    searchWindow(this.#block, centre, scaleUnit, minimumUnit, d, dmin, trial)
    if (!(trial.error < this.best.error)) return false
    this.#trial = this.best
    this.best = trial
    return true
  }
}

const codes = new Uint8Array(SUPER_BLOCK)
const scaleCodes = new Uint8Array(SUB_BLOCKS)
const minimumCodes = new Uint8Array(SUB_BLOCKS)

function writeSolution(
  block: AffineBlock,
  { d, dmin, choices }: AffineSolution,
  layout: AffineLayout,
  out: Uint8Array,
): void {
  for (let j = 0; j < block.count; j += 1) {
    const scale = choices.scales[j] as number
    const minimum = choices.minima[j] as number
    block.encode(j, inverseOf(d * scale), dmin * minimum, codes)
    scaleCodes[j] = scale
    minimumCodes[j] = minimum
  }
  writeHalfWord(floatToHalf(d), out, layout.scales.words)
  writeHalfWord(floatToHalf(dmin), out, layout.scales.words + 2)
  layout.scales.pack(scaleCodes, minimumCodes, out, layout.scales.codes)
  layout.pack(codes, out, 0)
}
