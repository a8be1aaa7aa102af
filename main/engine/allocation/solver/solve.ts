import { QuantaloupeError } from '../../errors.ts'
import { CompensatedSum } from './compensated-sum.ts'
import { selectCore, type Base } from './core.ts'
import { fill } from './fill.ts'
import type { Frontier } from './frontier.ts'
import type { OptionTable } from './option-table.ts'
import { searchCore } from './search-core.ts'

/** The best choices found for a budget, and how much better any others could be. */
export interface Solution {
  /** Option of every group, as indices into the problem's lists. */
  readonly choices: Int32Array
  readonly bytes: number
  readonly damage: number
  /** No choices within the budget have less damage. */
  readonly lowerBound: number
  /** (damage - lowerBound) / damage; 0 when the damage is 0. */
  readonly gap: number
  /** Damage that one more byte avoids at this budget; 0 where more bytes are of no use. */
  readonly price: number
  /** Whether it is proved, up to rounding, that no choices within the budget have less damage. */
  readonly exact: boolean
}

/** A quick search among the groups closest to the price first: what it finds makes the core of the others small. */
const SEARCHES = [
  { groups: 48, width: 64 },
  { groups: Infinity, width: 512 },
  { groups: Infinity, width: 8192 },
]

/** Partial solutions looked at for one budget, a few milliseconds. */
const NODES = 60_000

/** Relative to the damage; what is smaller can be rounding. */
const TOLERANCE = 1e-13

/**
 * Finds the choices with the least damage within a budget.
 *
 * The point of the frontier below the budget is filled up, then improved by a search over the groups whose choice
 * is open. The search is exact as long as it stays within its effort; where it does not, the gap tells what is unknown.
 *
 * @throws QuantaloupeError `BUDGET_OUT_OF_REACH` when the smallest choices are larger than the budget
 */
export function solve(frontier: Frontier, budgetBytes: number): Solution {
  const point = lastPointWithin(frontier, budgetBytes)
  const price = frontier.points[point + 1]?.slope ?? 0
  const { hull, options } = frontier
  const positions = frontier.hullAt(point).map((taken) => hull.position[taken] ?? 0)
  const base: Base = { options, positions, price }
  if (point === frontier.points.length - 1) return describe(base, positions, -Infinity, true)
  return improve(base, frontier.points[point] ?? { bytes: 0, damage: 0 }, budgetBytes)
}

function improve(
  base: Base,
  start: { readonly bytes: number; readonly damage: number },
  budgetBytes: number,
): Solution {
  const slack = budgetBytes - start.bytes
  let positions = fill(base, slack)
  let known = differenceFrom(base, positions)
  const relaxed = -base.price * slack
  let bound = relaxed
  let nodes = NODES
  for (const { groups, width } of SEARCHES) {
    const tolerance = TOLERANCE * Math.max(0, start.damage + known)
    if (known - bound <= tolerance) break
    const whole = selectCore(base, known - relaxed)
    const core = whole.slice(0, groups)
    const found = searchCore(core, slack, known, { relaxed, width, nodes, tolerance })
    if (found.choices !== null) {
      positions = base.positions.slice()
      core.forEach(({ group, positions: open }, index) => {
        positions[group] = open[found.choices?.[index] ?? 0] ?? 0
      })
    }
    known = found.damage
    if (core.length === whole.length) bound = Math.max(bound, found.bound)
    nodes -= found.nodes
  }
  const exact = known - bound <= TOLERANCE * Math.max(0, start.damage + known)
  return describe(base, positions, start.damage + bound, exact)
}

/** Change of damage from the base; few groups differ. */
function differenceFrom({ options, positions: from }: Base, to: Int32Array): number {
  let sum = 0
  to.forEach((position, group) => {
    const before = from[group] ?? 0
    if (position !== before) sum += (options.damage[position] ?? 0) - (options.damage[before] ?? 0)
  })
  return sum
}

function describe(base: Base, positions: Int32Array, bound: number, exact: boolean): Solution {
  const { options, price } = base
  const { bytes, damage } = totals(options, positions)
  const lowerBound = exact ? damage : Math.min(damage, Math.max(0, bound))
  const gap = damage === 0 ? 0 : (damage - lowerBound) / damage
  const choices = positions.map((position) => options.index[position] ?? 0)
  return { choices, bytes, damage, lowerBound, gap, price, exact }
}

function totals(options: OptionTable, positions: Int32Array): { bytes: number; damage: number } {
  const damage = new CompensatedSum()
  let bytes = 0
  for (const position of positions) {
    bytes += options.bytes[position] ?? 0
    damage.add(options.damage[position] ?? 0)
  }
  return { bytes, damage: damage.value }
}

function lastPointWithin({ points, smallestBytes, largestBytes }: Frontier, budgetBytes: number): number {
  if (!(budgetBytes >= smallestBytes)) {
    throw new QuantaloupeError('BUDGET_OUT_OF_REACH', `Nothing fits in ${budgetBytes} bytes`, {
      expected: `from ${smallestBytes} to ${largestBytes} bytes`,
      remedy: 'Allow smaller formats or raise the budget.',
    })
  }
  let [low, high] = [0, points.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((points[middle]?.bytes ?? 0) <= budgetBytes) low = middle
    else high = middle - 1
  }
  return low
}
