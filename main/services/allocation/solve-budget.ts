import { solve } from '../../engine/allocation/solver/solve.ts'
import type { Frontier } from '../../engine/allocation/solver/frontier.ts'
import type { SearchResult } from '../plans/describe-plan.ts'
import { checkReach } from './budget-errors.ts'
import type { BudgetRoom } from './budget-room.ts'
import type { PreparedProblem } from './prepared-problem.ts'

/** The best choices found for a budget: an index into the offered candidates of each group. */
export interface BudgetSolution extends SearchResult {
  readonly choices: Int32Array
}

/**
 * The choices with the least damage that a budget allows.
 *
 * The header of a file depends a little on the choices. So the budget is searched with the least header first; where the
 * result needs a larger one, the search is repeated with that. The lower bound stays the first one, which holds for all.
 *
 * @throws QuantaloupeError `BUDGET_OUT_OF_REACH`, `PINS_OUT_OF_REACH`
 */
export function solveBudget(problem: PreparedProblem, room: BudgetRoom): BudgetSolution {
  checkReach(problem, room)
  const { frontier, limitBytes } = room
  const [smallest, largest] = [solutionAt(frontier, 0), solutionAt(frontier, frontier.points.length - 1)]
  if (limitBytes >= room.mostBytes) return largest
  let overhead = room.leastOverhead
  let bound: number | null = null
  for (;;) {
    const left = limitBytes - overhead
    // The smallest choices are within reach, even where the header of others would leave them no room.
    const found = left < frontier.smallestBytes ? smallest : solve(frontier, left)
    bound ??= Math.min(found.lowerBound, found.damage)
    const needed = room.overheadBytes(found.choices)
    if (needed <= overhead || left < frontier.smallestBytes) return withBound(found, bound)
    overhead = needed
  }
}

function solutionAt(frontier: Frontier, point: number): BudgetSolution {
  const damage = frontier.points[point]?.damage ?? 0
  const price = frontier.points[point + 1]?.slope ?? 0
  return { choices: frontier.choicesAt(point), damage, lowerBound: damage, gap: 0, price }
}

function withBound({ choices, damage, price }: BudgetSolution, lowerBound: number): BudgetSolution {
  return { choices, damage, price, lowerBound, gap: damage === 0 ? 0 : (damage - lowerBound) / damage }
}
