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
import type { NestedLayout } from './nested-layout.ts'
import { SubBlockParabolas } from './nested-parabolas.ts'

const LARGEST_HALF = 0x7bff
/** Halves up to these bits are whole multiples of 2^-24, with the bits as the multiple. */
const LARGEST_ODD = 2047
const SAMPLES = 128
/** Adding and subtracting it rounds to a whole number. */
const ROUNDER = 1.5 * 2 ** 52

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

class Search {
  private readonly layout: NestedLayout
  private readonly parabolas: SubBlockParabolas[]
  /** Parabolas that may matter, those of sub-block j from starts[j] on; least is above the sub-block's. */
  private readonly starts: Int32Array
  private readonly excess: Float64Array
  private readonly centre: Float64Array
  private readonly curvature: Float64Array
  private weights: Float32Array = new Float32Array()
  private errorWeights: Float64Array = new Float64Array()
  private codes: Uint8Array = new Uint8Array()
  /** Least errors of a sub-block with scales that both signs of d allow, with -reach |d|, and with reach |d|. */
  private readonly inner: Float64Array
  private readonly innerScale: Int16Array
  private readonly below: Float64Array
  private readonly above: Float64Array
  private readonly tried: Int32Array
  /** Sub-blocks, those with few parabolas first: they rule out most d at the least cost. */
  private order: number[] = []
  private round = 0

  constructor(layout: NestedLayout) {
    const { subBlocks, reach } = layout
    this.layout = layout
    this.parabolas = Array.from({ length: subBlocks }, () => new SubBlockParabolas(layout))
    const most = this.parabolas.reduce((sum, { least }) => sum + least.length, 0)
    this.starts = new Int32Array(subBlocks + 1)
    this.excess = new Float64Array(most)
    this.centre = new Float64Array(most)
    this.curvature = new Float64Array(most)
    this.inner = new Float64Array(subBlocks)
    this.innerScale = new Int16Array(subBlocks)
    this.below = new Float64Array(subBlocks)
    this.above = new Float64Array(subBlocks)
    this.tried = new Int32Array(2 * reach + 1)
  }

  run(weights: Float32Array, errorWeights: Float64Array, codes: Uint8Array, scales: Int8Array): number {
    const { subBlock } = this.layout
    this.weights = weights
    this.errorWeights = errorWeights
    this.codes = codes
    let energy = 0
    let floor = 0
    for (const [j, one] of this.parabolas.entries()) {
      one.load(weights, errorWeights, subBlock * j)
      energy += one.energy
      floor += one.floor
    }
    codes.fill(this.layout.base)
    scales.fill(0)
    if (!(energy > 0 && energy < Infinity)) return 0
    const margin = this.layout.rounding * energy
    const slack = this.sampleSlack(energy - floor) + margin
    this.collect(slack)
    const found = this.searchWindow(floor, slack, margin)
    this.encode(found, margin, scales)
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

  private collect(slack: number): void {
    let count = 0
    for (const [j, one] of this.parabolas.entries()) {
      this.starts[j] = count
      for (let at = 0; at < one.count; at += 1) {
        if (one.reached(at) - one.floor > slack) continue
        this.excess[count] = (one.least[at] as number) - one.floor
        this.centre[count] = one.centre[at] as number
        this.curvature[count] = one.curvature[at] as number
        count += 1
      }
    }
    this.starts[this.parabolas.length] = count
    const size = (j: number): number => (this.starts[j + 1] as number) - (this.starts[j] as number)
    this.order = this.parabolas.map((_, j) => j).sort((a, b) => size(a) - size(b))
  }

  private searchWindow(floor: number, slack: number, margin: number): number {
    const candidates = this.boundCandidates(slack)
    let best = Infinity
    let found = 0
    for (const { half, bound } of candidates) {
      if (floor + bound - margin > best) break
      for (const [sign, error] of this.evaluate(half, margin).entries()) {
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
  private boundCandidates(slack: number): { half: number; bound: number }[] {
    const { first, last, end } = this.window(slack)
    const candidates: { half: number; bound: number }[] = []
    for (let half = first; half <= end; half += 1) {
      if (half > last && half % 2 === 0) continue
      const bound = this.bound(halfToFloat(half), slack)
      if (bound <= slack) candidates.push({ half, bound })
    }
    return candidates.sort((a, b) => a.bound - b.bound)
  }

  /** Halves from `first` to `last`, and odd ones to `end`. */
  private window(slack: number): { first: number; last: number; end: number } {
    const { reach } = this.layout
    let least = 0
    let most = 0
    for (let j = 0; j < this.parabolas.length; j += 1) {
      let low = Infinity
      for (let at = this.starts[j] as number; at < (this.starts[j + 1] as number); at += 1) {
        const radius = Math.sqrt((slack - (this.excess[at] as number)) / (this.curvature[at] as number))
        low = Math.min(low, (this.centre[at] as number) - radius)
        most = Math.max(most, (this.centre[at] as number) + radius)
      }
      if (low < Infinity) least = Math.max(least, low)
    }
    const largest = this.weights.reduce((far, x) => Math.max(far, Math.abs(x)), 0)
    const lowest = finiteHalf(largest * 2 ** -40, 0)
    const highest = finiteHalf(2 * largest, 1)
    const first = Math.max(lowest, finiteHalf(least / reach, -1))
    const last = Math.min(highest, Math.max(lowest, finiteHalf((2 * most) / reach, 1)))
    return { first, last, end: Math.min(highest, Math.max(last, LARGEST_ODD)) }
  }

  /** A lower bound of E(+-d) less the floor; anything above `slack` where it exceeds that. */
  private bound(d: number, slack: number): number {
    const { starts, excess, centre, curvature } = this
    const { reach } = this.layout
    const inverse = 1 / d
    let sum = 0
    for (const j of this.order) {
      const end = starts[j + 1] as number
      let least = Infinity
      for (let at = starts[j] as number; at < end; at += 1) {
        const middle = centre[at] as number
        let scale = middle * inverse + ROUNDER - ROUNDER
        if (scale > reach) scale = reach
        const offset = d * scale - middle
        const error = (excess[at] as number) + (curvature[at] as number) * offset * offset
        if (error < least) least = error
      }
      if (least < Infinity) sum += least
      if (sum > slack) break
    }
    return sum
  }

  /** E(d) and E(-d) by the definition. */
  private evaluate(half: number, margin: number): [number, number] {
    const d = halfToFloat(half)
    let positive = 0
    let negative = 0
    for (let j = 0; j < this.parabolas.length; j += 1) {
      this.evaluateSubBlock(j, d, margin)
      const inner = this.inner[j] as number
      positive += Math.min(inner, this.below[j] as number)
      negative += Math.min(inner, this.above[j] as number)
    }
    return [positive, negative]
  }

  /** Evaluates the multiples of d that can be least by the parabolas: next to a centre, as a rule. */
  private evaluateSubBlock(j: number, d: number, margin: number): void {
    const { reach } = this.layout
    this.inner[j] = Infinity
    this.below[j] = Infinity
    this.above[j] = Infinity
    this.round += 1
    if (this.parabolas[j]?.count === 0) return this.tryScale(j, 0, d)
    const first = this.starts[j] as number
    const end = this.starts[j + 1] as number
    let least = Infinity
    for (let at = first; at < end; at += 1) {
      const scale = this.lowerScale(at, d)
      least = Math.min(least, this.errorAt(at, d * scale), this.errorAt(at, d * Math.min(reach, scale + 1)))
    }
    // Where the scale that is wanted lies at the end of what f16 can hold, every multiple is evaluated.
    const farthest = this.centre.subarray(first, end).reduce((far, centre) => Math.max(far, centre), 0)
    if (farthest > this.layout.limit / 2) {
      for (let scale = 0; scale <= reach; scale += 1) this.tryBothSigns(j, scale, d)
      return
    }
    for (let at = first; at < end; at += 1) {
      const lower = this.lowerScale(at, d)
      const most = least + margin
      for (let scale = lower; scale >= 0 && this.errorAt(at, d * scale) <= most; scale -= 1) {
        this.tryBothSigns(j, scale, d)
      }
      for (let scale = lower + 1; scale <= reach && this.errorAt(at, d * scale) <= most; scale += 1) {
        this.tryBothSigns(j, scale, d)
      }
    }
  }

  /** The whole multiple of d next below the centre of a parabola, or the last there is. */
  private lowerScale(at: number, d: number): number {
    return Math.min(this.layout.reach, Math.floor((this.centre[at] as number) / d))
  }

  private errorAt(at: number, t: number): number {
    const offset = t - (this.centre[at] as number)
    return (this.excess[at] as number) + (this.curvature[at] as number) * offset * offset
  }

  private tryBothSigns(j: number, scale: number, d: number): void {
    this.tryScale(j, scale, d)
    if (scale > 0) this.tryScale(j, -scale, d)
  }

  private tryScale(j: number, scale: number, d: number): void {
    const { reach } = this.layout
    if (this.tried[scale + reach] === this.round) return
    this.tried[scale + reach] = this.round
    const error = this.errorUnder(j, d * scale)
    if (scale === -reach) this.below[j] = error
    else if (scale === reach) this.above[j] = error
    else if (error < (this.inner[j] as number) || (error === this.inner[j] && this.isBefore(j, scale))) {
      this.inner[j] = error
      this.innerScale[j] = scale
    }
  }

  private isBefore(j: number, scale: number): boolean {
    const other = this.innerScale[j] as number
    return Math.abs(scale) < Math.abs(other) || (scale === -other && scale > 0)
  }

  /** Chooses the codes of a sub-block for the scale t; returns the error. */
  private errorUnder(j: number, t: number): number {
    const { levels, subBlock } = this.layout
    let sum = 0
    for (let i = subBlock * j; i < subBlock * (j + 1); i += 1) {
      const x = this.weights[i] as number
      const code = this.nearestCode(x, t)
      this.codes[i] = code
      const error = x - t * (levels[code] as number)
      sum += (this.errorWeights[i] as number) * (error * error)
    }
    return sum
  }

  private nearestCode(x: number, t: number): number {
    const { midpoints, base } = this.layout
    if (t === 0) return base
    let low = 0
    let high = midpoints.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const beyond = t * (midpoints[middle] as number)
      if (t > 0 ? x > beyond : x < beyond) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Writes codes and scales under the d that was found. */
  private encode(bits: number, margin: number, scales: Int8Array): void {
    const { reach } = this.layout
    const d = halfToFloat(bits & 0x7fff)
    const sign = bits >>> 15 === 0 ? 1 : -1
    const outer = sign > 0 ? this.below : this.above
    for (let j = 0; j < this.parabolas.length; j += 1) {
      this.evaluateSubBlock(j, d, margin)
      const isOuter = (outer[j] as number) < (this.inner[j] as number)
      const scale = isOuter ? -sign * reach : (this.innerScale[j] as number)
      scales[j] = sign * scale
      this.errorUnder(j, d * scale)
    }
  }
}

/** The bits of the positive half nearest to a magnitude, or some places from it, within those that are finite. */
function finiteHalf(magnitude: number, places: number): number {
  return Math.max(1, Math.min(LARGEST_HALF, floatToHalf(magnitude) + places))
}
