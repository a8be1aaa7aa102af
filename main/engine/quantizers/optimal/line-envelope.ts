/**
 * Lowest of lines, and what can be done with it: how scales are found together with the codes under them.
 *
 * The squared error of levels l under a scale t is sum w (x - t l)^2 = sum w x^2 + t (A t - B) with A = sum w l^2
 * and B = sum 2 w x l. So under every t > 0 those levels are best whose line A t - B is lowest: few of many are
 * lowest anywhere. The lowest lines of a union are among the lowest of its parts, those of a sum are sums of them,
 * and levels multiplied by m have the line m m A t - m B.
 *
 * So the best levels of a whole block under every one scale d are sums of a few hundred lines, and its least error
 * is found where one of them has it: as for a single scale, the best f16 for levels is the one nearest to B / 2 A,
 * and the best pair of levels and f16 is among these pairs.
 */
import { Lines } from './lines.ts'

/** The lowest of some lines for t > 0: one list, whose offsets fall as well. */
export class LineEnvelope extends Lines {
  clear(): void {
    this.count = 0
  }

  /** Adds the line slope t - offset; its slope must be the least so far. Lines that are lowest nowhere go. */
  add(slope: number, offset: number, label: number): void {
    let start = 0
    while (this.count > 0) {
      const last = this.count - 1
      const fall = (this.slopes[last] as number) - slope
      const loss = (this.offsets[last] as number) - offset
      // Parallel: the lower one stays, the first of equals.
      if (!(fall > 0) && !(loss < 0)) return
      start = fall > 0 ? loss / fall : 0
      if (start > (this.starts[last] as number)) break
      this.count = last
      start = 0
    }
    this.append(start, slope, offset, label)
  }

  /**
   * Adds lines `from` ... `to - 1` of another envelope, whose levels are multiplied.
   *
   * @param tail is overwritten: the lines of this one that come between
   */
  merge(
    lines: LineEnvelope,
    from: number,
    to: number,
    multiple: number,
    label: number,
    tail: LineEnvelope,
  ): void {
    const square = multiple * multiple
    tail.#takeBelow(square * (lines.slopes[from] as number), this)
    for (let i = 0, k = from; i < tail.count || k < to;) {
      const slope = square * (lines.slopes[k] as number)
      if (k === to || (i < tail.count && (tail.slopes[i] as number) >= slope)) {
        this.add(tail.slopes[i] as number, tail.offsets[i] as number, tail.labels[i] as number)
        i += 1
      } else {
        this.add(slope, multiple * (lines.offsets[k] as number), label)
        k += 1
      }
    }
  }

  /** Takes the lines with lesser slopes out of another envelope. */
  #takeBelow(slope: number, other: LineEnvelope): void {
    let first = other.count
    while (first > 0 && (other.slopes[first - 1] as number) < slope) first -= 1
    this.count = 0
    for (let i = first; i < other.count; i += 1) {
      this.slopes[this.count] = other.slopes[i] as number
      this.offsets[this.count] = other.offsets[i] as number
      this.labels[this.count] = other.labels[i] as number
      this.count += 1
    }
    other.count = first
  }

  /** Fills it with the sums of lines that are lowest at the same t. */
  sum(parts: EnvelopeSum): void {
    this.clear()
    for (parts.begin(); ; parts.advance()) {
      this.starts[this.count] = parts.start
      this.slopes[this.count] = parts.slope()
      this.offsets[this.count] = parts.offset()
      this.count += 1
      if (parts.atEnd()) return
    }
  }
}

/** Goes through the lowest sums of lines of several envelopes by rising t. */
export class EnvelopeSum {
  readonly parts: readonly LineEnvelope[]
  /** Of every part, the line that is lowest from `start` on. */
  readonly places: Uint16Array
  start = 0
  #next = 0

  constructor(parts: readonly LineEnvelope[]) {
    this.parts = parts
    this.places = new Uint16Array(parts.length)
  }

  begin(): void {
    this.places.fill(0)
    this.start = 0
    this.#findNext()
  }

  atEnd(): boolean {
    return this.#next < 0
  }

  advance(): void {
    const part = this.parts[this.#next] as LineEnvelope
    const place = (this.places[this.#next] as number) + 1
    this.places[this.#next] = place
    this.start = part.starts[place] as number
    this.#findNext()
  }

  slope(): number {
    let sum = 0
    for (let p = 0; p < this.parts.length; p += 1) {
      sum += (this.parts[p] as LineEnvelope).slopes[this.places[p] as number] as number
    }
    return sum
  }

  offset(): number {
    let sum = 0
    for (let p = 0; p < this.parts.length; p += 1) {
      sum += (this.parts[p] as LineEnvelope).offsets[this.places[p] as number] as number
    }
    return sum
  }

  /** The part whose line changes first, the first of equals; -1 where none does. */
  #findNext(): void {
    this.#next = -1
    let least = Infinity
    for (let p = 0; p < this.parts.length; p += 1) {
      const part = this.parts[p] as LineEnvelope
      const place = (this.places[p] as number) + 1
      if (place === part.count || (this.#next >= 0 && !((part.starts[place] as number) < least))) continue
      this.#next = p
      least = part.starts[place] as number
    }
  }
}
