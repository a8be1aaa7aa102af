/**
 * Search for the least error of a super-block `x ~ d * scale * level`: exact over all finite f16 d.
 *
 * For fixed d the sub-blocks decouple: E(d) = sum over sub-blocks of the least error over whole scales s. Every product
 * d s l has at most 24 bits, so decoded values are these products exactly. What is found is defined by
 *     error of a sub-block  the sum of w (x - d s l)^2 in double precision, in the order of the weights, l the level
 *                           nearest to x / (d s), the lower of two; at d s = 0 the level nearest to 0
 *     scale of a sub-block  the one of least error; of equals the least magnitude, then d s > 0
 *     d                     the one of least sum of the sub-blocks' errors, in their order; of equals the least
 *                           magnitude, then the positive one
 * over finite d other than 0 (at least 2^-40 of the largest weight, as far as f16 goes), and does not depend on the order
 * of the search or on what it leaves out.
 *
 * What it leaves out cannot be the result. The error of sub-block j under a real scale t is the least of parabolas
 * (`nested-parabolas.ts`); with F = the sum of their minima and U the error of some encoding, no parabola whose
 * minimum is more than U - F above its sub-block's matters, and those that are left bound |t| to lo ... hi. So
 *     |d| >= max lo / reach, since no scale is larger than reach;
 *     |d| <= max hi / (reach / 2), since some scale is at least reach / 2: else d / 2 with doubled scales gives the same
 *     values. Only where d / 2 is no f16, for odd multiples of 2^-24 below 2^-13, this second bound does not hold;
 *     |d| <= twice the largest weight, if f16 goes so low: above it, all weights are nearest to 0.
 * For each |d| of the window a parabola is least at the multiple of |d| nearest to its centre: the sum over sub-blocks
 * of the least of these values is a lower bound of E. The d whose bound stays below the best error so far are
 * evaluated by the definition, in the order of their bounds.
 */
import { floatToHalf, halfToFloat } from '../../tensor/half.ts'
import { NestedErrors } from './nested-errors.ts'
import { KeptParabolas } from './nested-kept.ts'
import type { NestedLayout } from './nested-layout.ts'
import { SubBlockParabolas } from './nested-parabolas.ts'

const LARGEST_HALF = 0x7bff
/** Halves up to these bits are whole multiples of 2^-24, with the bits as the multiple. */
const LARGEST_ODD = 2047
const SAMPLES = 128
/**
 * @param codes  u8[256], place of each weight's level, written
 * @param scales i8[sub-blocks], written
 * @returns the f16 bits of d
 */
export type NestedSearch = (
  weights: Float32Array,
  errorWeights: Float64Array,
  codes: Uint8Array,
  scales: Int8Array,
) => number

export function nestedSearch(layout: NestedLayout): NestedSearch {
  const search = new Search(layout)
  return (weights, errorWeights, codes, scales) => search.run(weights, errorWeights, codes, scales)
}

/** A positive half, and a lower bound of its error less the floor. */
interface Candidate {
  readonly half: number
  readonly bound: number
}

class Search {
  private readonly layout: NestedLayout
  private readonly parabolas: SubBlockParabolas[]
  private readonly kept: KeptParabolas
  private readonly errors: NestedErrors

  constructor(layout: NestedLayout) {
    this.layout = layout
    this.parabolas = Array.from({ length: layout.subBlocks }, () => new SubBlockParabolas(layout))
    const most = this.parabolas.reduce((sum, { least }) => sum + least.length, 0)
    this.kept = new KeptParabolas(layout, most)
    this.errors = new NestedErrors(layout, this.kept)
  }

  run(weights: Float32Array, errorWeights: Float64Array, codes: Uint8Array, scales: Int8Array): number {
    let energy = 0
    let floor = 0
    for (const [j, one] of this.parabolas.entries()) {
      one.load(weights, errorWeights, this.layout.subBlock * j)
      energy += one.energy
      floor += one.floor
    }
    codes.fill(this.layout.base)
    scales.fill(0)
    if (!(energy > 0 && energy < Infinity)) return 0
    const margin = this.layout.rounding * energy
    const slack = this.sampleSlack(energy - floor) + margin
    this.kept.collect(this.parabolas, slack)
    this.errors.load(weights, errorWeights, codes, margin)
    const largest = weights.reduce((far, x) => Math.max(far, Math.abs(x)), 0)
    const found = this.leastOf(this.boundCandidates(largest, slack), floor - margin)
    this.errors.encode(found, scales)
    return found
  }

  /** An upper bound of the least error less the floor, from the best parabola of each sub-block alone. */
  private sampleSlack(ofZeros: number): number {
    const { reach } = this.layout
    const furthest = this.parabolas.reduce((far, { count, best, centre }) => {
      return count === 0 ? far : Math.max(far, centre[best] as number)
    }, 0)
    const first = finiteHalf(furthest / (1.03 * reach), 0)
    const last = finiteHalf((2.06 * furthest) / reach, 0)
    const step = Math.max(1, (last - first) / SAMPLES)
    let slack = ofZeros
    for (let at = first; at <= last; at += step) {
      const d = halfToFloat(Math.floor(at))
      let sum = 0
      for (const { count, best, centre, curvature } of this.parabolas) {
        if (count === 0) continue
        const middle = centre[best] as number
        const offset = d * Math.min(reach - 1, Math.round(middle / d)) - middle
        sum += (curvature[best] as number) * offset * offset
      }
      slack = Math.min(slack, sum)
    }
    return slack
  }

  private leastOf(candidates: readonly Candidate[], floor: number): number {
    let best = Infinity
    let found = 0
    for (const { half, bound } of candidates) {
      if (floor + bound > best) break
      for (const [sign, error] of this.errors.evaluate(halfToFloat(half)).entries()) {
        const bits = half | (sign << 15)
        if (error < best || (error === best && half < (found & 0x7fff))) {
          best = error
          found = bits
        }
      }
    }
    return found
  }

  /** The positive halves of the window whose bound is within the slack, least bound first. */
  private boundCandidates(largest: number, slack: number): readonly Candidate[] {
    const { first, last, end } = this.window(largest, slack)
    const candidates: Candidate[] = []
    for (let half = first; half <= end; half += 1) {
      if (half > last && half % 2 === 0) continue
      const bound = this.kept.bound(halfToFloat(half), slack)
      if (bound <= slack) candidates.push({ half, bound })
    }
    return candidates.sort((a, b) => a.bound - b.bound)
  }

  /** Halves from `first` to `last`, and odd ones to `end`. */
  private window(largest: number, slack: number): { first: number; last: number; end: number } {
    const { reach } = this.layout
    const { starts, excess, centre, curvature } = this.kept
    let least = 0
    let most = 0
    for (let j = 0; j < this.parabolas.length; j += 1) {
      let low = Infinity
      for (let at = starts[j] as number; at < (starts[j + 1] as number); at += 1) {
        const radius = Math.sqrt((slack - (excess[at] as number)) / (curvature[at] as number))
        low = Math.min(low, (centre[at] as number) - radius)
        most = Math.max(most, (centre[at] as number) + radius)
      }
      if (low < Infinity) least = Math.max(least, low)
    }
    const lowest = finiteHalf(largest * 2 ** -40, 0)
    const highest = finiteHalf(2 * largest, 1)
    const first = Math.max(lowest, finiteHalf(least / reach, -1))
    const last = Math.min(highest, Math.max(lowest, finiteHalf((2 * most) / reach, 1)))
    return { first, last, end: Math.min(highest, Math.max(last, LARGEST_ODD)) }
  }
}

/** The bits of the positive half nearest to a magnitude, or some places from it, within those that are finite. */
function finiteHalf(magnitude: number, places: number): number {
  return Math.max(1, Math.min(LARGEST_HALF, floatToHalf(magnitude) + places))
}
