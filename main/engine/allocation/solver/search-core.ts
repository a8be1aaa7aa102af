import { CompletionBounds, type CompletionBound } from './completion-bound.ts'
import type { CoreGroup } from './core.ts'
import { Layer } from './layer.ts'

/** What deciding a group costs beside its states. */
const NODES_PER_GROUP = 20

export interface SearchLimits {
  /** Lower bound that is known already: change of damage when steps of the hull may be taken in part. */
  readonly relaxed: number
  /** Partial solutions kept after each group. */
  readonly width: number
  /** Partial solutions looked at. */
  readonly nodes: number
  /** Improvements below this are none. */
  readonly tolerance: number
}

export interface SearchResult {
  /** Index into the options of each core group; null when nothing better was found. */
  readonly choices: readonly number[] | null
  /** Least change of damage known. */
  readonly damage: number
  /** No choice has less; `damage` itself when that is proved to be the least. */
  readonly bound: number
  readonly nodes: number
}

/**
 * Branch and bound over the core in the manner of dynamic programming: group by group all partial solutions are
 * extended, and those go that another one dominates or whose bound is no better than the best solution.
 *
 * Where there are too many, those with the best bounds stay, and the bound tells what was given up.
 *
 * @param slack bytes that the base leaves of the budget
 * @param known change of damage of the best known solution
 * @see Pisinger, "A minimal algorithm for the multiple-choice knapsack problem", 1995
 */
export function searchCore(
  core: readonly CoreGroup[],
  slack: number,
  known: number,
  limits: SearchLimits,
): SearchResult {
  return new CoreSearch(core, slack, known, limits).run()
}

/** How the states after a group came about. */
interface Decision {
  /** Index of the group in the core. */
  readonly index: number
  readonly parent: Int32Array
  readonly option: Int32Array
}

class CoreSearch {
  readonly #core: readonly CoreGroup[]
  readonly #slack: number
  readonly #limits: SearchLimits
  readonly #bounds: CompletionBounds
  /** Parents and options of the layers so far, to find the way back. */
  readonly #history: Decision[] = []
  #layer = new Layer()
  #merged = new Layer()
  #next = new Layer()
  readonly #extended = new Layer()
  #best: number
  #choices: readonly number[] | null = null
  #completion: CompletionBound
  #givenUp = Infinity
  #nodes = 0

  constructor(core: readonly CoreGroup[], slack: number, known: number, limits: SearchLimits) {
    this.#core = core
    this.#slack = slack
    this.#best = known
    this.#limits = limits
    this.#bounds = new CompletionBounds(core)
    this.#completion = this.#bounds.after(0)
  }

  run(): SearchResult {
    this.#layer.clear(1)
    this.#layer.push(0, 0, 0, 0)
    const decided = this.#decideAll()
    const open = decided < this.#core.length ? this.#leastBound(this.#bounds.after(decided)) : Infinity
    const bound = Math.min(this.#givenUp, open)
    const isProved = bound >= this.#best - this.#limits.tolerance
    return {
      choices: this.#choices,
      damage: this.#best,
      bound: isProved ? this.#best : bound,
      nodes: this.#nodes,
    }
  }

  /** @returns groups decided before nothing was left to do, or the effort was spent */
  #decideAll(): number {
    for (const [index, group] of this.#core.entries()) {
      if (this.#layer.count === 0) return this.#core.length
      const open = this.#openOptions(group)
      // Only the base is left: the group is decided without a new layer.
      if (open.length === 1) continue
      const children = this.#layer.count * open.length + NODES_PER_GROUP
      if (this.#nodes + children > this.#limits.nodes) return index
      this.#nodes += children
      // Later groups matter less, and a bound from before a group was decided is a bound still.
      if (index < 32 || index % 8 === 0) this.#completion = this.#bounds.after(index + 1)
      this.#decide(index, open)
    }
    return this.#core.length
  }

  /** The better the best known solution, the fewer options can be part of one that is better still. */
  #openOptions({ positions, cost }: CoreGroup): number[] {
    const excess = this.#best - this.#limits.relaxed
    const open: number[] = []
    for (let option = 0; option < positions.length; option++) {
      const own = cost[option] ?? 0
      if (own < excess || own === 0) open.push(option)
    }
    return open
  }

  #decide(index: number, open: readonly number[]): void {
    const group = this.#core[index]
    this.#next.clear(0)
    for (const option of open) {
      this.#extend(group?.bytes[option] ?? 0, group?.damage[option] ?? 0, option)
      this.#merged.merge(this.#next, this.#extended)
      ;[this.#merged, this.#next] = [this.#next, this.#merged]
    }
    this.#noteBest(index)
    this.#trim()
    const { parent, option, count } = this.#next
    this.#history.push({ index, parent: parent.slice(0, count), option: option.slice(0, count) })
    ;[this.#layer, this.#next] = [this.#next, this.#layer]
  }

  /** All states with one option of the group, but those that can not lead to anything better. */
  #extend(bytes: number, damage: number, option: number): void {
    const completion = this.#completion
    const limit = this.#best - this.#limits.tolerance
    const { count, bytes: oldBytes, damage: oldDamage } = this.#layer
    this.#extended.clear(count)
    for (let parent = 0; parent < count; parent++) {
      const newBytes = (oldBytes[parent] ?? 0) + bytes
      const newDamage = (oldDamage[parent] ?? 0) + damage
      if (newDamage + completion.of(this.#slack - newBytes) >= limit) continue
      this.#extended.push(newBytes, newDamage, parent, option)
    }
  }

  /** The last state that fits has the least damage of those that do. */
  #noteBest(index: number): void {
    const { bytes, damage, parent, option } = this.#next
    let at = this.#next.count - 1
    while (at >= 0 && (bytes[at] ?? 0) > this.#slack) at--
    if (at < 0 || (damage[at] ?? 0) >= this.#best) return
    this.#best = damage[at] ?? 0
    const choices = this.#wayTo(parent[at] ?? 0)
    choices[index] = option[at] ?? 0
    this.#choices = choices
  }

  /** Options of all core groups; groups not decided yet stay at the base. */
  #wayTo(state: number): number[] {
    const choices = this.#core.map(({ bytes }) => bytes.indexOf(0))
    let at = state
    for (const { index, parent, option } of this.#history.toReversed()) {
      choices[index] = option[at] ?? 0
      at = parent[at] ?? 0
    }
    return choices
  }

  #trim(): void {
    const { width } = this.#limits
    if (this.#next.count <= width) return
    const bounds = this.#boundsOf(this.#next, this.#completion)
    const sorted = bounds.slice().sort()
    const limit = sorted[width] ?? Infinity
    this.#givenUp = Math.min(this.#givenUp, limit)
    this.#next.keep(bounds, limit, width - sorted.indexOf(limit))
  }

  #leastBound(completion: CompletionBound): number {
    return this.#boundsOf(this.#layer, completion).reduce((least, bound) => Math.min(least, bound), Infinity)
  }

  #boundsOf({ count, bytes, damage }: Layer, completion: CompletionBound): Float64Array {
    const bounds = new Float64Array(count)
    for (let at = 0; at < count; at++) {
      bounds[at] = (damage[at] ?? 0) + completion.of(this.#slack - (bytes[at] ?? 0))
    }
    return bounds
  }
}
