/** Lines slope t - offset in lists one behind the other; within a list slopes fall and `starts` rise from 0. */
export class Lines {
  /** From where a line is the lowest of its list. */
  readonly starts: Float64Array
  readonly slopes: Float64Array
  readonly offsets: Float64Array
  /** What a line stands for. */
  readonly labels: Uint32Array
  count = 0

  constructor(capacity: number) {
    this.starts = new Float64Array(capacity)
    this.slopes = new Float64Array(capacity)
    this.offsets = new Float64Array(capacity)
    this.labels = new Uint32Array(capacity)
  }

  append(start: number, slope: number, offset: number, label: number): void {
    this.starts[this.count] = start
    this.slopes[this.count] = slope
    this.offsets[this.count] = offset
    this.labels[this.count] = label
    this.count += 1
  }

  /** Place of the lowest line under `scale` in the list from `from` to before `to`. */
  lowestAt(scale: number, from: number, to: number): number {
    let first = from
    let last = to - 1
    while (first < last) {
      const middle = (first + last + 1) >>> 1
      if ((this.starts[middle] as number) <= scale) first = middle
      else last = middle - 1
    }
    return first
  }
}
