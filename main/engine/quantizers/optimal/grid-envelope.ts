/**
 * Lowest of many lines: what turns "the nearest grid point under a scale" into a table.
 *
 * The squared error of magnitudes l under the scale t is sum w (|x| - t l)^2 = sum w x^2 + t (A t - B) with
 * A = sum w l^2 and B = sum 2 w |x| l. So under t > 0 that point is nearest whose line A t - B is lowest, and of the
 * 256 to 1024 lines of a grid only ten to thirty are lowest anywhere: they bend downwards, as a concave function.
 * The lowest sum of lines of several groups is the sum of their lowest lines, cut at all the places where one changes.
 */
import type { Lines } from './lines.ts'

/** How often intervals are halved before the lines that may be lowest are listed: most never are in shorter ones. */
const SCANS = 2

/**
 * Finds the lowest lines between two that are, by the one that lies deepest below where those two cross, and so on
 * on both sides of it. Of lines that tie everywhere the first counts.
 */
export class Envelope {
  readonly #kept: Uint16Array
  readonly #right: Uint16Array
  #slopes: Float64Array = new Float64Array(0)
  #offsets: Float64Array = new Float64Array(0)
  #count = 0

  /** @param capacity most lines that are given at once, at most 65536 */
  constructor(capacity: number) {
    this.#kept = new Uint16Array(capacity)
    this.#right = new Uint16Array(capacity)
  }

  /** Appends the lowest of `count` lines to `out` as a list, labelled by their places. */
  append(slopes: Float64Array, offsets: Float64Array, count: number, out: Lines): void {
    this.#slopes = slopes
    this.#offsets = offsets
    this.#count = count
    const first = this.#lowestAtZero(count)
    const last = this.#lowestAtInfinity(count)
    out.append(0, slopes[first] as number, offsets[first] as number, first)
    if ((slopes[last] as number) < (slopes[first] as number)) this.#appendOfAll(first, last, SCANS, out)
  }

  /** The largest offset; the smallest slope of those, and the first of them. */
  #lowestAtZero(count: number): number {
    const slopes = this.#slopes
    const offsets = this.#offsets
    let chosen = 0
    for (let line = 1; line < count; line += 1) {
      const offset = offsets[line] as number
      const most = offsets[chosen] as number
      if (offset > most || (offset === most && (slopes[line] as number) < (slopes[chosen] as number)))
        chosen = line
    }
    return chosen
  }

  /** The smallest slope; the largest offset of those, and the first of them. */
  #lowestAtInfinity(count: number): number {
    const slopes = this.#slopes
    const offsets = this.#offsets
    let chosen = 0
    for (let line = 1; line < count; line += 1) {
      const slope = slopes[line] as number
      const least = slopes[chosen] as number
      if (slope < least || (slope === least && (offsets[line] as number) > (offsets[chosen] as number)))
        chosen = line
    }
    return chosen
  }

  /** Appends the lowest of all lines after `first` up to `last`. */
  #appendOfAll(first: number, last: number, scans: number, out: Lines): void {
    const crossing = this.#crossing(first, last)
    const limit = this.#lower(first, last, crossing)
    if (scans === 0) {
      this.#appendListed(first, last, crossing, limit, out)
      return
    }
    const deepest = this.#deepestOfAll(crossing, limit)
    if (deepest >= 0 && this.#isBetween(deepest, first, last)) {
      this.#appendOfAll(first, deepest, scans - 1, out)
      this.#appendOfAll(deepest, last, scans - 1, out)
    } else this.#appendLast(first, last, out)
  }

  /** The first of the lowest lines under a scale, -1 if none is below the limit. */
  #deepestOfAll(scale: number, limit: number): number {
    const slopes = this.#slopes
    const offsets = this.#offsets
    let least = limit
    let deepest = -1
    for (let line = 0; line < this.#count; line += 1) {
      const value = (slopes[line] as number) * scale - (offsets[line] as number)
      if (value < least) {
        least = value
        deepest = line
      }
    }
    return deepest
  }

  /** Lists the lines below the crossing of two, and appends the lowest of them. */
  #appendListed(first: number, last: number, crossing: number, limit: number, out: Lines): void {
    const slopes = this.#slopes
    const offsets = this.#offsets
    let least = limit
    let deepest = -1
    let kept = 0
    for (let line = 0; line < this.#count; line += 1) {
      const value = (slopes[line] as number) * crossing - (offsets[line] as number)
      if (!(value < limit && this.#isBetween(line, first, last))) continue
      this.#kept[kept] = line
      kept += 1
      if (value < least) {
        least = value
        deepest = line
      }
    }
    this.#appendBetween(first, last, deepest, 0, kept, out)
  }

  /** Of lines that are lower than two where these cross only rounding can say that they are not. */
  #isBetween(line: number, first: number, last: number): boolean {
    const slope = this.#slopes[line] as number
    return slope < (this.#slopes[first] as number) && slope > (this.#slopes[last] as number)
  }

  #appendLast(first: number, last: number, out: Lines): void {
    const start = this.#crossing(first, last)
    const previous = out.starts[out.count - 1] as number
    // Lines that are lowest at nearly one place may cross in the wrong order by rounding.
    const ordered = start > previous ? start : previous
    out.append(ordered, this.#slopes[last] as number, this.#offsets[last] as number, last)
  }

  /**
   * Appends the lowest of listed lines after `first` up to `last`.
   *
   * @param deepest the lowest line where the two cross, -1 where that is these two
   * @param from    of the lines in `#kept` that lie below them there, up to before `to`; by slope all between
   */
  #appendBetween(first: number, last: number, deepest: number, from: number, to: number, out: Lines): void {
    if (deepest < 0) {
      this.#appendLast(first, last, out)
      return
    }
    const slopes = this.#slopes
    const offsets = this.#offsets
    const slope = slopes[deepest] as number
    const leftCrossing = this.#crossing(first, deepest)
    const rightCrossing = this.#crossing(deepest, last)
    const leftLimit = this.#lower(first, deepest, leftCrossing)
    const rightLimit = this.#lower(deepest, last, rightCrossing)
    let leftLeast = leftLimit
    let rightLeast = rightLimit
    let leftDeepest = -1
    let rightDeepest = -1
    let middle = from
    let right = 0
    for (let place = from; place < to; place += 1) {
      const line = this.#kept[place] as number
      if ((slopes[line] as number) > slope) {
        const value = (slopes[line] as number) * leftCrossing - (offsets[line] as number)
        if (!(value < leftLimit)) continue
        this.#kept[middle] = line
        middle += 1
        if (value < leftLeast) {
          leftLeast = value
          leftDeepest = line
        }
      } else if ((slopes[line] as number) < slope) {
        const value = (slopes[line] as number) * rightCrossing - (offsets[line] as number)
        if (!(value < rightLimit)) continue
        this.#right[right] = line
        right += 1
        if (value < rightLeast) {
          rightLeast = value
          rightDeepest = line
        }
      }
    }
    this.#kept.set(this.#right.subarray(0, right), middle)
    this.#appendBetween(first, deepest, leftDeepest, from, middle, out)
    this.#appendBetween(deepest, last, rightDeepest, middle, middle + right, out)
  }

  /** The scale under which two lines are equal. */
  #crossing(a: number, b: number): number {
    const offset = (this.#offsets[a] as number) - (this.#offsets[b] as number)
    return offset / ((this.#slopes[a] as number) - (this.#slopes[b] as number))
  }

  /** The lower of two lines: they differ by rounding where they cross. */
  #lower(a: number, b: number, scale: number): number {
    const valueA = (this.#slopes[a] as number) * scale - (this.#offsets[a] as number)
    const valueB = (this.#slopes[b] as number) * scale - (this.#offsets[b] as number)
    return valueB < valueA ? valueB : valueA
  }
}
