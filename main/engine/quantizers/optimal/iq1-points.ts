/**
 * The nearest of the 2048 points of IQ1_S and IQ1_M to a group of 8 weights, and which are nearest under any scale.
 *
 * A point's line (`line-envelope.ts`) is the sum of those of its halves, of which there are 81. So all points under
 * one scale are sums of 162 values. Points with the same second half form a row; no point of a row is lower than
 * its second half with the lowest of all first halves, and rounded sums keep that order, so that most rows need no
 * look at their points.
 */
import { IQ1_GRID } from '../grids.ts'
import { GROUP } from '../iq1-groups.ts'
import { once } from '../once.ts'
import type { LineEnvelope } from './line-envelope.ts'

const HALF = GROUP / 2
/** Halves of four codes of three values, numbered by them as digits, the first lowest: as packed codes ascend. */
const HALVES = 81
/** Most lines of a group. Any list of points gives levels that can be stored; this many were never needed. */
export const GROUP_LINES = 32

/** Slopes and offsets of all halves, and their lines under one scale: f64[81]. */
class HalfLines {
  readonly slopes = new Float64Array(HALVES)
  readonly offsets = new Float64Array(HALVES)
  readonly values = new Float64Array(HALVES)

  /** @param levels of the three codes */
  load(weights: Float32Array, errorWeights: Float64Array, at: number, levels: Float32Array): void {
    this.slopes[0] = 0
    this.offsets[0] = 0
    for (let i = 0, count = 1; i < HALF; i += 1, count *= 3) {
      const errorWeight = errorWeights[at + i] as number
      const product = 2 * errorWeight * (weights[at + i] as number)
      // Code 0 comes last: it takes the place of the sums that all three go on from.
      for (let code = 2; code >= 0; code -= 1) {
        const level = levels[code] as number
        const slope = errorWeight * (level * level)
        const offset = product * level
        for (let from = 0, to = code * count; from < count; from += 1, to += 1) {
          this.slopes[to] = (this.slopes[from] as number) + slope
          this.offsets[to] = (this.offsets[from] as number) + offset
        }
      }
    }
  }

  /** Fills the values under a scale; returns the least. */
  measure(scale: number): number {
    let least = Infinity
    for (let half = 0; half < HALVES; half += 1) {
      const value = scale * (this.slopes[half] as number) - (this.offsets[half] as number)
      this.values[half] = value
      if (value < least) least = value
    }
    return least
  }

  valueOf(half: number, scale: number): number {
    return scale * (this.slopes[half] as number) - (this.offsets[half] as number)
  }
}

interface Rows {
  /** Halves of all points: u8[2048]. */
  readonly firstHalves: Uint8Array
  readonly secondHalves: Uint8Array
  /** The points of row r are those from starts[r] to before starts[r + 1]: u16[82]. */
  readonly starts: Uint16Array
  /** The point whose codes are all 1: of all the least magnitudes. */
  readonly middle: number
}

const rowsOfGrid = once((): Rows => {
  const { size, codes } = IQ1_GRID
  const halfAt = (at: number) =>
    codes.subarray(at, at + HALF).reduceRight((number, code) => 3 * number + code, 0)
  const secondHalves = Uint8Array.from({ length: size }, (_, point) => halfAt(GROUP * point + HALF))
  return {
    firstHalves: Uint8Array.from({ length: size }, (_, point) => halfAt(GROUP * point)),
    secondHalves,
    starts: Uint16Array.from({ length: HALVES + 1 }, (_, row) => secondHalves.filter((r) => r < row).length),
    middle: IQ1_GRID.indexOf(0x5555),
  }
})

/** One group of 8 weights and its shift. */
export class PointSearch {
  readonly #rows = rowsOfGrid()
  readonly #first = new HalfLines()
  readonly #second = new HalfLines()
  readonly #pending = new Uint16Array(GROUP_LINES)
  /** Line of the point that `findBelow` has found: less than its limit, or that limit. */
  lowest = 0

  /** @param levels of the three codes, shifted up or down */
  load(weights: Float32Array, errorWeights: Float64Array, at: number, levels: Float32Array): void {
    this.#first.load(weights, errorWeights, at, levels)
    this.#second.load(weights, errorWeights, at + HALF, levels)
  }

  /**
   * The point whose line under `scale` is the lowest of those below `limit`, or -1: of equals that of the first row,
   * there that of the first half with the lowest number.
   */
  findBelow(limit: number, scale: number): number {
    const { firstHalves, starts } = this.#rows
    const firstValues = this.#first.values
    const leastFirst = this.#first.measure(scale)
    let found = -1
    this.lowest = limit
    for (let row = 0; row < HALVES; row += 1) {
      const second = this.#second.valueOf(row, scale)
      if (!(second + leastFirst < this.lowest)) continue
      let least = Infinity
      let place = -1
      for (let point = starts[row] as number; point < (starts[row + 1] as number); point += 1) {
        const first = firstValues[firstHalves[point] as number] as number
        if (!(first < least)) continue
        least = first
        place = point
      }
      if (!(second + least < this.lowest)) continue
      this.lowest = second + least
      found = place
    }
    return found
  }

  /** The point nearest under a scale, which is not negative. */
  nearest(scale: number): number {
    return Math.max(0, this.findBelow(Infinity, scale))
  }

  /**
   * Fills `out` with the lines that are the lowest somewhere, from scale 0 on: between two of them lies another
   * where a point is lower than both at the place where they cross.
   */
  envelope(out: LineEnvelope): void {
    out.clear()
    let current = this.nearest(0)
    this.#pending[0] = this.#rows.middle
    for (let count = 1; count > 0;) {
      const next = this.#pending[count - 1] as number
      const between = out.count + count < GROUP_LINES - 1 ? this.#between(current, next) : -1
      if (between >= 0) {
        this.#pending[count] = between
        count += 1
        continue
      }
      out.add(this.#slope(current), this.#offset(current), 0)
      current = next
      count -= 1
    }
    out.add(this.#slope(current), this.#offset(current), 0)
  }

  /** The lowest point where the lines of two cross, if it lies below them and has a slope between theirs. */
  #between(a: number, b: number): number {
    const crossing = (this.#offset(a) - this.#offset(b)) / (this.#slope(a) - this.#slope(b))
    if (!(crossing >= 0 && crossing < Infinity)) return -1
    const point = this.findBelow(Math.min(this.#valueOf(a, crossing), this.#valueOf(b, crossing)), crossing)
    // Lines that nearly meet in one place can be lower by rounding alone.
    return point >= 0 && this.#slope(point) < this.#slope(a) && this.#slope(b) < this.#slope(point)
      ? point
      : -1
  }

  #valueOf(point: number, scale: number): number {
    const { firstHalves, secondHalves } = this.#rows
    const second = this.#second.valueOf(secondHalves[point] as number, scale)
    return second + this.#first.valueOf(firstHalves[point] as number, scale)
  }

  #slope(point: number): number {
    const { firstHalves, secondHalves } = this.#rows
    const second = this.#second.slopes[secondHalves[point] as number] as number
    return second + (this.#first.slopes[firstHalves[point] as number] as number)
  }

  #offset(point: number): number {
    const { firstHalves, secondHalves } = this.#rows
    const second = this.#second.offsets[secondHalves[point] as number] as number
    return second + (this.#first.offsets[firstHalves[point] as number] as number)
  }
}
