/** Errors of a super-block's sub-blocks under multiples of d, as `nested-search.ts` defines them. */
import { halfToFloat } from '../../tensor/half.ts'
import type { KeptParabolas } from './nested-kept.ts'
import type { NestedLayout } from './nested-layout.ts'

export class NestedErrors {
  private readonly layout: NestedLayout
  private readonly kept: KeptParabolas
  private weights: Float32Array = new Float32Array()
  private errorWeights: Float64Array = new Float64Array()
  private codes: Uint8Array = new Uint8Array()
  /** Above all rounding of a sub-block's errors. */
  private margin = 0
  /** Least errors of a sub-block with scales that both signs of d allow, with -reach |d|, and with reach |d|. */
  private readonly inner: Float64Array
  private readonly innerScale: Int16Array
  private readonly below: Float64Array
  private readonly above: Float64Array
  private readonly tried: Int32Array
  private round = 0

  constructor(layout: NestedLayout, kept: KeptParabolas) {
    const { subBlocks, reach } = layout
    this.layout = layout
    this.kept = kept
    this.inner = new Float64Array(subBlocks)
    this.innerScale = new Int16Array(subBlocks)
    this.below = new Float64Array(subBlocks)
    this.above = new Float64Array(subBlocks)
    this.tried = new Int32Array(2 * reach + 1)
  }

  /** @param codes u8[256], written by whatever is evaluated last */
  load(weights: Float32Array, errorWeights: Float64Array, codes: Uint8Array, margin: number): void {
    this.weights = weights
    this.errorWeights = errorWeights
    this.codes = codes
    this.margin = margin
  }

  /** E(d) and E(-d) by the definition. */
  evaluate(d: number): [number, number] {
    let positive = 0
    let negative = 0
    for (let j = 0; j < this.layout.subBlocks; j += 1) {
      this.evaluateSubBlock(j, d)
      const inner = this.inner[j] as number
      positive += Math.min(inner, this.below[j] as number)
      negative += Math.min(inner, this.above[j] as number)
    }
    return [positive, negative]
  }

  /** Evaluates the multiples of d that can be least by the parabolas: next to a centre, as a rule. */
  private evaluateSubBlock(j: number, d: number): void {
    const { reach } = this.layout
    this.inner[j] = Infinity
    this.below[j] = Infinity
    this.above[j] = Infinity
    this.round += 1
    const first = this.kept.starts[j] as number
    const end = this.kept.starts[j + 1] as number
    if (first === end) return this.tryScale(j, 0, d)
    let least = Infinity
    for (let at = first; at < end; at += 1) {
      const scale = this.lowerScale(at, d)
      least = Math.min(
        least,
        this.kept.errorAt(at, d * scale),
        this.kept.errorAt(at, d * Math.min(reach, scale + 1)),
      )
    }
    // Where the scale that is wanted lies at the end of what f16 can hold, every multiple is evaluated.
    const farthest = this.kept.centre.subarray(first, end).reduce((far, centre) => Math.max(far, centre), 0)
    if (farthest > this.layout.limit / 2) {
      for (let scale = 0; scale <= reach; scale += 1) this.tryBothSigns(j, scale, d)
      return
    }
    for (let at = first; at < end; at += 1) {
      const lower = this.lowerScale(at, d)
      const most = least + this.margin
      for (let scale = lower; scale >= 0 && this.kept.errorAt(at, d * scale) <= most; scale -= 1) {
        this.tryBothSigns(j, scale, d)
      }
      for (let scale = lower + 1; scale <= reach && this.kept.errorAt(at, d * scale) <= most; scale += 1) {
        this.tryBothSigns(j, scale, d)
      }
    }
  }

  /** The whole multiple of d next below the centre of a parabola, or the last there is. */
  private lowerScale(at: number, d: number): number {
    return Math.min(this.layout.reach, Math.floor((this.kept.centre[at] as number) / d))
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

  /** Writes codes and scales under the d of these f16 bits. */
  encode(bits: number, scales: Int8Array): void {
    const { reach } = this.layout
    const d = halfToFloat(bits & 0x7fff)
    const sign = bits >>> 15 === 0 ? 1 : -1
    const outer = sign > 0 ? this.below : this.above
    for (let j = 0; j < this.layout.subBlocks; j += 1) {
      this.evaluateSubBlock(j, d)
      const isOuter = (outer[j] as number) < (this.inner[j] as number)
      const scale = isOuter ? -sign * reach : (this.innerScale[j] as number)
      scales[j] = sign * scale
      this.errorUnder(j, d * scale)
    }
  }
}
