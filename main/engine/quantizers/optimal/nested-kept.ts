import type { NestedLayout } from './nested-layout.ts'
import type { SubBlockParabolas } from './nested-parabolas.ts'

/** Adding and subtracting it rounds to a whole number. */
const ROUNDER = 1.5 * 2 ** 52

/** The parabolas of a super-block that may matter, those of sub-block j from starts[j] on. */
export class KeptParabolas {
  readonly starts: Int32Array
  /** Least above the sub-block's own least. */
  readonly excess: Float64Array
  readonly centre: Float64Array
  readonly curvature: Float64Array
  private readonly reach: number
  /** Sub-blocks, those with few parabolas first: they rule out most d at the least cost. */
  private order: number[] = []

  constructor({ subBlocks, reach }: NestedLayout, most: number) {
    this.reach = reach
    this.starts = new Int32Array(subBlocks + 1)
    this.excess = new Float64Array(most)
    this.centre = new Float64Array(most)
    this.curvature = new Float64Array(most)
  }

  collect(parabolas: readonly SubBlockParabolas[], slack: number): void {
    let count = 0
    for (const [j, one] of parabolas.entries()) {
      this.starts[j] = count
      for (let at = 0; at < one.count; at += 1) {
        if (one.reached(at) - one.floor > slack) continue
        this.excess[count] = (one.least[at] as number) - one.floor
        this.centre[count] = one.centre[at] as number
        this.curvature[count] = one.curvature[at] as number
        count += 1
      }
    }
    this.starts[parabolas.length] = count
    const size = (j: number): number => (this.starts[j + 1] as number) - (this.starts[j] as number)
    this.order = parabolas.map((_, j) => j).sort((a, b) => size(a) - size(b))
  }

  /** A lower bound of E(+-d) less the floor; anything above `slack` where it exceeds that. */
  bound(d: number, slack: number): number {
    const { starts, excess, centre, curvature, reach } = this
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

  /** Of the parabola in place `at`, under the scale t. */
  errorAt(at: number, t: number): number {
    const offset = t - (this.centre[at] as number)
    return (this.excess[at] as number) + (this.curvature[at] as number) * offset * offset
  }
}
