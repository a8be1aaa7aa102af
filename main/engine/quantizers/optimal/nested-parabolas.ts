/**
 * The error of a sub-block under a real scale t, as the least of parabolas.
 *
 * For fixed codes, levels l, the error `sum w (x - t l)^2` is a parabola in t. Codes that are nearest for some t
 * are found by a sweep: while t > 0 falls from infinity, every weight leaves the level nearest to 0 and moves outward
 * by one whenever t passes x / midpoint. So the error under the nearest codes is the least of the parabolas that the
 * sweeps for t > 0 and t < 0 pass, at every t; only the magnitude of t is kept, since scales come in both signs.
 * Codes that are nearest only beyond the largest scale that can be stored are left out.
 */
import type { NestedLayout } from './nested-layout.ts'

const word = new Float64Array(1)
const halves = new Uint32Array(word.buffer)
const LOW = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1
/** The lowest bits of a breakpoint name its weight: 2^-47 of its value. */
const PLACES = 31
/** More than what that changes. */
const SPREAD = 1e-12

/** `least + curvature (|t| - centre)^2`, for all codes of a sub-block's sweeps; structure of arrays. */
export class SubBlockParabolas {
  readonly least: Float64Array
  readonly centre: Float64Array
  readonly curvature: Float64Array
  count = 0
  /** Place of the least of all. */
  best = 0
  /** sum w x^2: the error at t = 0. */
  energy = 0
  private readonly layout: NestedLayout
  private readonly events: Float64Array
  private readonly places: Uint8Array
  private weights: Float32Array = new Float32Array()
  private errorWeights: Float64Array = new Float64Array()

  constructor(layout: NestedLayout) {
    const events = layout.subBlock * Math.max(layout.base, layout.levels.length - 1 - layout.base)
    this.layout = layout
    this.least = new Float64Array(2 * (events + 1))
    this.centre = new Float64Array(2 * (events + 1))
    this.curvature = new Float64Array(2 * (events + 1))
    this.events = new Float64Array(events)
    this.places = new Uint8Array(layout.subBlock)
  }

  /** Error of the best codes under the best real scale that can be stored. */
  get floor(): number {
    return this.count === 0 ? this.energy : this.reached(this.best)
  }

  /** Least value of a parabola over the scales that can be stored. */
  reached(at: number): number {
    const beyond = Math.max(0, (this.centre[at] as number) - this.layout.limit)
    return (this.least[at] as number) + (this.curvature[at] as number) * beyond * beyond
  }

  /** Takes the sub-block of `weights` from `at` on. */
  load(weights: Float32Array, errorWeights: Float64Array, at: number): void {
    const { subBlock } = this.layout
    this.weights = weights.subarray(at, at + subBlock)
    this.errorWeights = errorWeights.subarray(at, at + subBlock)
    this.count = 0
    this.best = 0
    this.energy = 0
    let largest = 0
    for (const [i, x] of this.weights.entries()) {
      this.energy += (this.errorWeights[i] as number) * (x * x)
      largest = Math.max(largest, Math.abs(x))
    }
    if (this.energy === 0) return
    this.sweep(1, Infinity)
    // A little early, since breakpoints are off by their lowest bits: what comes twice does no harm.
    this.sweep(-1, (largest / this.layout.outermost) * (1 + SPREAD) || Infinity)
  }

  /** Keeps the parabolas of codes that are nearest below `from`, for scales of this sign. */
  private sweep(sign: number, from: number): void {
    const { base, levels } = this.layout
    const { weights, errorWeights, places, events } = this
    const count = this.collectEvents(sign)
    places.fill(base)
    let products = 0
    let squares = 0
    const start = levels[base] as number
    for (const [i, x] of weights.entries()) {
      const weight = errorWeights[i] as number
      products += weight * (sign * x * start)
      squares += weight * (start * start)
    }
    const reach = this.layout.limit * (1 + SPREAD)
    if (from === Infinity && !(count > 0 && (events[count - 1] as number) > reach))
      this.push(products, squares)
    for (let at = count - 1; at >= 0; at -= 1) {
      word[0] = events[at] as number
      const i = (halves[LOW] as number) & PLACES
      const x = sign * (weights[i] as number)
      const place = places[i] as number
      const next = x > 0 ? place + 1 : place - 1
      places[i] = next
      const old = levels[place] as number
      const level = levels[next] as number
      products += (errorWeights[i] as number) * (x * (level - old))
      squares += (errorWeights[i] as number) * (level * level - old * old)
      const isReached = at === 0 || (events[at - 1] as number) <= reach
      if (isReached && word[0] <= from) this.push(products, squares)
    }
  }

  /** Ascending breakpoints; those of the same weight are far enough apart to stay in order. */
  private collectEvents(sign: number): number {
    const { midpoints, base } = this.layout
    let count = 0
    for (const [i, weight] of this.weights.entries()) {
      const x = sign * weight
      if (x === 0 || this.errorWeights[i] === 0) continue
      const end = x > 0 ? midpoints.length : -1
      const step = x > 0 ? 1 : -1
      for (let k = x > 0 ? base : base - 1; k !== end; k += step) {
        word[0] = x / (midpoints[k] as number)
        halves[LOW] = (((halves[LOW] as number) & ~PLACES) | i) >>> 0
        this.events[count] = word[0]
        count += 1
      }
    }
    this.events.subarray(0, count).sort()
    return count
  }

  /** Codes whose best scale has the other sign are nowhere better than t = 0. */
  private push(products: number, squares: number): void {
    if (!(products > 0)) return
    const { count } = this
    const centre = products / squares
    this.centre[count] = centre
    this.curvature[count] = squares
    const least = Math.max(0, this.energy - centre * products)
    this.least[count] = least
    if (this.reached(count) < this.reached(this.best)) this.best = count
    this.count += 1
  }
}
