import { selectCore } from './core.ts'
import { fill } from './fill.ts'
import type { Frontier } from './frontier.ts'
import { relax, totals, type Relaxation } from './relaxation.ts'
import { searchCore } from './search-core.ts'

/** Partial solutions looked at for one budget: a few milliseconds. */
export const USUAL_EFFORT = 60_000

/** What going through this many options costs, in partial solutions. */
const OPTIONS_PER_EFFORT = 16

/** What preparing a group for a search costs. */
const EFFORT_PER_GROUP = 10

/** Relative to the damage; what is smaller can be rounding. */
const TOLERANCE = 1e-13

interface Search {
  /** Groups closest to the price that are searched; a search of fewer than all finds solutions but proves nothing. */
  readonly groups: number
  /** Partial solutions kept. */
  readonly width: number
}

/** What it finds makes the core of the others small. */
const QUICK: Search = { groups: 48, width: 64 }
const THOROUGH: Search = { groups: Infinity, width: 512 }
const COMPLETE: Search = { groups: Infinity, width: 8192 }
const AFTER_BRANCHING: Search = { groups: 32, width: 16 }

/** A step of so many times the mean bytes keeps the bound away: its group is branched on, with a part of the effort. */
const OUTSIZED = 8
const EFFORT_FOR_BRANCHING = 1 / 2

/** Nothing is branched on to be closer than this. */
const CLOSE_GAP = 1e-4

export interface BestChoice {
  /** Positions in the option table. */
  readonly positions: Int32Array
  readonly bytes: number
  readonly damage: number
  readonly lowerBound: number
  /** Whether the lower bound and the damage are equal up to rounding. */
  readonly exact: boolean
}

/**
 * Finds the best choice within the budget of a relaxation.
 *
 * The base is filled up, then improved by a search over the groups whose choice is open. Where one large group keeps
 * the bound away, every one of its options is tried, and so on, best bound first.
 */
export function findBestChoice(
  frontier: Frontier,
  root: Relaxation,
  budgetBytes: number,
  effort: number,
): BestChoice {
  return new BranchAndBound(frontier, root, budgetBytes, effort).run()
}

/** A part of all choices that may have a better one than the best known. */
interface Open {
  readonly relaxation: Relaxation
  readonly bound: number
}

class BranchAndBound {
  readonly #frontier: Frontier
  readonly #root: Relaxation
  readonly #budgetBytes: number
  #positions: Int32Array
  #damage: number
  #effort: number
  readonly #effortForBranching: number

  constructor(frontier: Frontier, root: Relaxation, budgetBytes: number, effort: number) {
    this.#frontier = frontier
    this.#root = root
    this.#budgetBytes = budgetBytes
    this.#positions = root.base.positions
    this.#damage = root.damage
    this.#effort = effort
    this.#effortForBranching = effort * EFFORT_FOR_BRANCHING
  }

  run(): BestChoice {
    const bound = this.#boundOfAll()
    const exact = this.#isClosed(bound)
    const { bytes, damage } = totals({ options: this.#frontier.options, positions: this.#positions })
    const lowerBound = exact ? damage : Math.min(damage, Math.max(0, bound))
    return { positions: this.#positions, bytes, damage, lowerBound, exact }
  }

  #boundOfAll(): number {
    this.#fill(this.#root)
    let bound = this.#search(this.#root, QUICK)
    if (this.#isClosed(bound)) return bound
    const canBranch = this.#isOutsized(this.#root)
    bound = Math.max(bound, this.#search(this.#root, THOROUGH, canBranch ? this.#effortForBranching : 0))
    if (this.#isClosed(bound)) return bound
    if (canBranch && this.#gap(bound) > CLOSE_GAP) {
      bound = Math.max(bound, this.#branch({ relaxation: this.#root, bound }))
    }
    return Math.max(bound, this.#search(this.#root, COMPLETE))
  }

  #isOutsized({ splitBytes }: Relaxation): boolean {
    const { points, smallestBytes, largestBytes } = this.#frontier
    return splitBytes * (points.length - 1) > OUTSIZED * (largestBytes - smallestBytes)
  }

  /** @returns the bound over all choices of the part */
  #branch(part: Open): number {
    const open = [part]
    let settled = Infinity
    for (;;) {
      const next = takeLeast(open)
      if (next === null || this.#isClosed(next.bound)) return Math.min(settled, this.#damage)
      if (this.#effort <= 0) return Math.min(settled, next.bound)
      for (const child of this.#children(next)) {
        if (this.#gap(child.bound) <= CLOSE_GAP) settled = Math.min(settled, child.bound)
        else open.push(child)
      }
    }
  }

  /** The parts of a part, one for each option of the group that the relaxation splits. */
  #children({ relaxation, bound }: Open): Open[] {
    const { base, splitGroup } = relaxation
    if (splitGroup === null) return []
    const { start, bytes, damage } = base.options
    const chosen = base.positions[splitGroup] ?? 0
    const children: Open[] = []
    for (let position = start[splitGroup] ?? 0; position < (start[splitGroup + 1] ?? 0); position++) {
      const more = (bytes[position] ?? 0) - (bytes[chosen] ?? 0)
      const reducedCost = (damage[position] ?? 0) - (damage[chosen] ?? 0) + base.price * more
      if (this.#isClosed(Math.max(bound, relaxation.bound + reducedCost))) continue
      const fixed = [...relaxation.fixed, { group: splitGroup, position }]
      const child = relax(this.#frontier, this.#budgetBytes, fixed)
      if (child === null || this.#isClosed(child.bound)) continue
      this.#fill(child)
      const childBound = Math.max(bound, this.#search(child, AFTER_BRANCHING))
      if (!this.#isClosed(childBound)) children.push({ relaxation: child, bound: childBound })
    }
    return children
  }

  #fill({ base, damage, slack }: Relaxation): void {
    this.#spendOnOptions()
    const positions = fill(base, slack)
    let filled = damage
    positions.forEach((position, group) => {
      const before = base.positions[group] ?? 0
      if (position !== before) {
        filled += (base.options.damage[position] ?? 0) - (base.options.damage[before] ?? 0)
      }
    })
    this.#keep(positions, filled)
  }

  /** @returns the bound that the search proves, or that of the relaxation */
  #search({ base, damage, slack, bound }: Relaxation, { groups, width }: Search, effortToLeave = 0): number {
    if (this.#isClosed(bound) || this.#effort <= effortToLeave) return bound
    this.#spendOnOptions()
    const whole = selectCore(base, this.#damage - bound)
    this.#effort -= whole.length * EFFORT_PER_GROUP
    const core = whole.slice(0, groups)
    const found = searchCore(core, slack, this.#damage - damage, {
      relaxed: bound - damage,
      width,
      nodes: this.#effort - effortToLeave,
      tolerance: this.#tolerance(),
    })
    this.#effort -= found.nodes
    if (found.choices !== null) {
      const positions = base.positions.slice()
      core.forEach(({ group, positions: open }, index) => {
        positions[group] = open[found.choices?.[index] ?? 0] ?? 0
      })
      this.#keep(positions, damage + found.damage)
    }
    return core.length === whole.length ? Math.max(bound, damage + found.bound) : bound
  }

  #keep(positions: Int32Array, damage: number): void {
    if (damage >= this.#damage) return
    this.#positions = positions
    this.#damage = damage
  }

  #spendOnOptions(): void {
    this.#effort -= this.#frontier.options.index.length / OPTIONS_PER_EFFORT
  }

  #tolerance(): number {
    return TOLERANCE * this.#damage
  }

  #isClosed(bound: number): boolean {
    return bound >= this.#damage - this.#tolerance()
  }

  #gap(bound: number): number {
    return (this.#damage - bound) / this.#damage
  }
}

function takeLeast(open: Open[]): Open | null {
  const least = open.reduce<Open | null>((a, b) => (a === null || b.bound < a.bound ? b : a), null)
  if (least !== null) open.splice(open.indexOf(least), 1)
  return least
}
