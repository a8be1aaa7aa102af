/**
 * The best finite f16 scale and minimum of a block of Q4_1 or Q5_1, of all that there are, with their best codes.
 *
 * For a scale d the nearest codes change one by one while the minimum m sinks; of each code vector the best m is the f16
 * nearest to the mean of x - d q, and -d with reversed codes and m + d * steps has the same error but for that rounding.
 * So all d > 0 are gone through upwards, and of each all code vectors, first with a real-valued m. Most d are left out,
 * rigorously (R^2 the least error known, |x| the root of the weighted sum of squares about the mean):
 * - Values beyond the window of length steps * d err at least by their distance to it, wherever it lies.
 * - m above all but what errs by R^2 below it, or m + steps * d below all but what errs by R^2 above it, are worse.
 * - If L(d) is the root of the least error at d, the codes of a d' with L(d') <= R give L(d) <= R + (d' - d) / d' (|x| + R):
 *   so no d' is better below d / (1 - (L(d) - R) / (|x| + R)).
 * - All f16 are multiples of 2^-24, and so is whatever is decoded before it is rounded to f32.
 *
 * Not gone through are blocks of which all values that count are equal: there d q + m is within a few units of f32 already.
 * What is better by less than a part of 10^-12 is not looked for: so much is left to rounding.
 */
import { LEGACY_BLOCK } from '../legacy-codes.ts'
import type { AffineBlock } from './affine-block.ts'
import { halfAt, nearestHalf, placeNear } from './affine-half-pair.ts'
import { LARGEST_HALF, LARGEST_HALF_BITS } from './half-near.ts'

const { ceil, max, min, sqrt } = Math
const TOLERANCE = 1e-12
const BISECTIONS = 60

export interface AffineFound {
  scale: number
  minimum: number
  /** As {@link AffineBlock.errorOf} tells it. */
  error: number
  readonly codes: Uint8Array
}

/** Replaces what was found by anything better. */
export function scanAffineScales(block: AffineBlock, steps: number, best: AffineFound): void {
  if (
    !(best.error > 0 && best.error < Infinity) ||
    block.low === block.high ||
    multiplesError(block) >= sought(best)
  )
    return
  const scan = new ScaleScan(block, steps, best)
  let place = scan.firstPlace()
  while (place <= LARGEST_HALF_BITS) {
    const next = scan.tryScale(halfAt(place))
    if (!(next <= LARGEST_HALF)) return
    place = max(place + 1, placeNear(next) - 1)
  }
}

function sought(best: AffineFound): number {
  return best.error * (1 - TOLERANCE)
}

/** The error of the nearest multiples of 2^-24, ties upwards. */
function multiplesError({ values, errorWeights, mean }: AffineBlock): number {
  let sum = 0
  for (let i = 0; i < LEGACY_BLOCK; i += 1) {
    const value = ((values[i] as number) + mean) * 2 ** 24
    const error = (value - Math.floor(value + 0.5)) * 2 ** -24
    sum += (errorWeights[i] as number) * (error * error)
  }
  return sum
}

class ScaleScan {
  private readonly order = new Uint8Array(LEGACY_BLOCK)
  /** How far m sinks from its highest until a code rises for the first time, and that code before it. */
  private readonly falls = new Float64Array(LEGACY_BLOCK)
  private readonly first = new Float64Array(LEGACY_BLOCK)
  private readonly current = new Uint8Array(LEGACY_BLOCK)
  private readonly codes = new Uint8Array(LEGACY_BLOCK)
  private readonly norm: number
  private readonly block: AffineBlock
  private readonly steps: number
  private readonly best: AffineFound
  private count = 0

  constructor(block: AffineBlock, steps: number, best: AffineFound) {
    this.block = block
    this.steps = steps
    this.best = best
    let squares = 0
    for (let i = 0; i < LEGACY_BLOCK; i += 1) {
      const value = block.values[i] as number
      const weight = block.errorWeights[i] as number
      squares += weight * (value * value)
      if (weight > 0) this.order[this.count++] = i
    }
    this.norm = sqrt(squares)
  }

  /** The first scale whose window may hold enough. */
  firstPlace(): number {
    let tooSmall = 0
    let last = LARGEST_HALF_BITS + 1
    while (last - tooSmall > 1) {
      const middle = (last + tooSmall) >> 1
      if (this.clippedError(this.steps * halfAt(middle)) >= sought(this.best)) tooSmall = middle
      else last = middle
    }
    return last
  }

  /** A lower bound of the error of values beyond a window of this length, which starts or ends at a finite f16. */
  private clippedError(length: number): number {
    const largest = LARGEST_HALF
    const { mean } = this.block
    return min(
      this.clippedWithin(length, -largest - mean, largest - mean),
      this.clippedWithin(length, -largest - mean - length, largest - mean - length),
    )
  }

  private clippedWithin(length: number, lowest: number, highest: number): number {
    const { low, high } = this.block
    let from = min(max(min(low, high - length), lowest), highest)
    let to = min(max(max(low, high - length), lowest), highest)
    for (let i = 0; i < BISECTIONS; i += 1) {
      const middle = (from + to) / 2
      if (this.pull(middle, length) > 0) from = middle
      else to = middle
    }
    return this.errorBelow(from) + this.errorAbove(to + length)
  }

  /** Above 0 where the error falls as the window rises. */
  private pull(start: number, length: number): number {
    let sum = 0
    for (let i = 0; i < LEGACY_BLOCK; i += 1) {
      const value = this.block.values[i] as number
      const weight = this.block.errorWeights[i] as number
      sum += weight * (max(value - (start + length), 0) - max(start - value, 0))
    }
    return sum
  }

  private errorBelow(start: number): number {
    let sum = 0
    for (let i = 0; i < LEGACY_BLOCK; i += 1) {
      const beyond = max(start - (this.block.values[i] as number), 0)
      sum += (this.block.errorWeights[i] as number) * (beyond * beyond)
    }
    return sum
  }

  private errorAbove(end: number): number {
    let sum = 0
    for (let i = 0; i < LEGACY_BLOCK; i += 1) {
      const beyond = max((this.block.values[i] as number) - end, 0)
      sum += (this.block.errorWeights[i] as number) * (beyond * beyond)
    }
    return sum
  }

  /** The highest m whose error below it is not more than the least known. */
  private highestMinimum(): number {
    let from = this.block.low
    let to = this.block.high + sqrt(this.best.error / this.block.totalWeight)
    for (let i = 0; i < BISECTIONS; i += 1) {
      const middle = (from + to) / 2
      if (this.errorBelow(middle) > this.best.error) to = middle
      else from = middle
    }
    return to
  }

  private lowestTop(): number {
    let from = this.block.low - sqrt(this.best.error / this.block.totalWeight)
    let to = this.block.high
    for (let i = 0; i < BISECTIONS; i += 1) {
      const middle = (from + to) / 2
      if (this.errorAbove(middle) > this.best.error) from = middle
      else to = middle
    }
    return from
  }

  private limits = { error: Infinity, highest: 0, lowestTop: 0 }

  private updateLimits(): void {
    if (this.limits.error === this.best.error) return
    this.limits = { error: this.best.error, highest: this.highestMinimum(), lowestTop: this.lowestTop() }
  }

  /** Tries all codes and minima of a scale and its negative; the scale below which there is nothing better then. */
  tryScale(scale: number): number {
    this.updateLimits()
    const { highest, lowestTop } = this.limits
    this.orderFalls(scale, highest)
    const end = lowestTop - this.steps * scale
    // Codes that are all above 0 can be lowered together, with the same error for another real-valued m.
    const least = this.sweep(scale, highest, max(end, this.block.low - scale / 2), false)
    const slack = TOLERANCE * this.norm * this.norm
    if (least - slack < sought(this.best)) this.sweep(scale, highest, end, true)
    const root = sqrt(this.best.error)
    const part = (sqrt(max(least - slack, 0)) - root) / (this.norm + root)
    return part > 0 ? (scale / (1 - part)) * (1 - TOLERANCE) : scale
  }

  /** Sorts the values by when their codes rise; the order of the last scale is nearly right. */
  private orderFalls(scale: number, highest: number): void {
    const { order, falls, first } = this
    for (let at = 0; at < this.count; at += 1) {
      const i = order[at] as number
      const height = (this.block.values[i] as number) - highest
      const code = ceil(height / scale - 0.5)
      const fall = scale * (code + 0.5) - height
      first[i] = code
      falls[i] = fall
      let to = at
      while (to > 0 && (falls[order[to - 1] as number] as number) > fall) {
        order[to] = order[to - 1] as number
        to -= 1
      }
      order[to] = i
    }
  }

  /** Goes through all codes for minima from `highest` down to `end`; the least error by real-valued minima. */
  private sweep(scale: number, highest: number, end: number, withHalves: boolean): number {
    const { order, falls, first, current, count, steps } = this
    const { values, errorWeights, totalWeight } = this.block
    let least = Infinity
    let turn = -1
    // Each value has codes for `steps` turns.
    for (let passed = 0; passed <= LEGACY_BLOCK * steps; passed += 1) {
      turn = this.nextTurn(turn + 1)
      // Codes are counted from one of them, anew in each turn: the sums stay small and exact.
      const base = clamp((first[order[0] as number] as number) + turn, steps)
      let [sum, squares, products, energy] = [0, 0, 0, 0]
      for (let at = 0; at < count; at += 1) {
        const i = order[at] as number
        const value = values[i] as number
        const weight = errorWeights[i] as number
        const code = clamp((first[i] as number) + turn, steps)
        current[i] = code
        const weighted = weight * (code - base)
        sum += weighted
        squares += weighted * (code - base)
        products += weighted * value
        energy += weight * (value * value)
      }
      for (let at = -1; at < count; at += 1) {
        if (at >= 0) {
          const i = order[at] as number
          if (!(highest - (falls[i] as number) - turn * scale >= end)) return least
          const code = (first[i] as number) + turn
          if (!(code >= 0 && code < steps)) continue
          const weight = errorWeights[i] as number
          current[i] = code + 1
          sum += weight
          squares += weight * (2 * (code - base) + 1)
          products += weight * (values[i] as number)
        }
        const shift = scale * sum
        const error =
          energy - 2 * scale * products + scale * (scale * squares) - shift * (shift / totalWeight)
        if (error < least) least = error
        if (withHalves) this.tryHalves(scale, -(shift / totalWeight) - scale * base, error)
      }
    }
    return least
  }

  /** The first turn from `turn` on in which a code rises, infinite where none does any more. */
  private nextTurn(turn: number): number {
    let next = Infinity
    for (let at = 0; at < this.count; at += 1) {
      const code = (this.first[this.order[at] as number] as number) + turn
      if (code < 0) next = min(next, turn - code)
      else if (code < this.steps) return turn
    }
    return next
  }

  /** The best f16 minimum for the current codes, and for the reversed ones of the negative scale. */
  private tryHalves(scale: number, wanted: number, error: number): void {
    const { mean } = this.block
    this.tryHalf(scale, wanted + mean, error, false)
    this.tryHalf(-scale, wanted + mean + scale * this.steps, error, true)
  }

  private tryHalf(scale: number, wanted: number, error: number, reversed: boolean): void {
    const { block, best, codes, current, steps } = this
    const minimum = nearestHalf(wanted)
    const off = minimum - wanted
    const slack = TOLERANCE * this.norm * this.norm
    if (!(error - slack + block.totalWeight * (off * off) * (1 - TOLERANCE) < best.error)) return
    codes.fill(0)
    for (let at = 0; at < this.count; at += 1) {
      const i = this.order[at] as number
      codes[i] = reversed ? steps - (current[i] as number) : (current[i] as number)
    }
    const decodedError = block.errorOf(scale, minimum, codes)
    if (!(decodedError < best.error)) return
    best.scale = scale
    best.minimum = minimum
    best.error = decodedError
    best.codes.set(codes)
  }
}

function clamp(code: number, steps: number): number {
  return min(max(code, 0), steps)
}
