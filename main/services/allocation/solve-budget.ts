import { solve } from '../../engine/allocation/solver/solve.ts'
import type { Frontier } from '../../engine/allocation/solver/frontier.ts'
import type { SearchResult } from '../plans/describe-plan.ts'
import { checkReach } from './budget-errors.ts'
import type { BudgetRoom } from './budget-room.ts'
import { outcomeOf } from './candidates.ts'
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
  const { frontier, limitBytes } = room
  const [smallest, largest] = [0, frontier.points.length - 1].map((point) => solutionAt(frontier, point))
  if (!smallest || !largest) throw new Error('A frontier has no points')
  const sizeOf = ({ choices, bytes }: Sized): number => room.overheadBytes(choices) + bytes
  checkReach(problem, room, { smallest: smallest.choices, largest: largest.choices })
  if (limitBytes >= sizeOf(largest)) return largest
  let overhead = leastOverhead(problem, room, smallest)
  let bound = 0
  for (let isFirst = true; ; isFirst = false) {
    const left = limitBytes - overhead
    // The smallest choices are within reach, even where the header of others would leave them no room.
    const found = left < smallest.bytes ? smallest : solve(frontier, left)
    if (isFirst) bound = Math.min(found.lowerBound, found.damage)
    const needed = room.overheadBytes(found.choices)
    if (needed <= overhead || left < smallest.bytes) return withBound(found, bound)
    overhead = needed
  }
}

interface Sized extends BudgetSolution {
  readonly bytes: number
}

function solutionAt(frontier: Frontier, point: number): Sized {
  const { bytes, damage } = frontier.points[point] ?? { bytes: 0, damage: 0 }
  const price = frontier.points[point + 1]?.slope ?? 0
  return { choices: frontier.choicesAt(point), bytes, damage, lowerBound: damage, gap: 0, price }
}

function withBound({ choices, damage, price }: BudgetSolution, lowerBound: number): BudgetSolution {
  return { choices, damage, price, lowerBound, gap: damage === 0 ? 0 : (damage - lowerBound) / damage }
}

/**
 * Over all choices but the one that copies everything, which is the largest plan and known before.
 *
 * The header is least where it lacks `general.file_type`, which happens where tensors that never change weigh most, or
 * `general.quantization_version`, where every choice is a float.
 */
function leastOverhead(problem: PreparedProblem, room: BudgetRoom, smallest: Sized): number {
  const largest = Int32Array.from(problem.groups, ({ offered }) => {
    const changed = offered
      .map((candidate, index) => ({ candidate, index }))
      .filter(({ candidate }) => outcomeOf(candidate.members) !== '')
    return changed.toSorted((a, b) => b.candidate.bytes - a.candidate.bytes)[0]?.index ?? 0
  })
  return Math.min(room.overheadBytes(smallest.choices), room.overheadBytes(largest))
}
