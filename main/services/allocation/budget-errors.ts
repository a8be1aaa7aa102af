import { QuantaloupeError } from '../../engine/errors.ts'
import { shorten } from '../measurements/importance-findings.ts'
import { bitsPerWeightOf } from '../plans/describe-plan.ts'
import type { BudgetRoom } from './budget-room.ts'
import { describeDecision } from './decisions.ts'
import type { PreparedGroup } from './prepared-group.ts'
import type { Counted, PreparedProblem } from './prepared-problem.ts'

/** The choices at both ends of the frontier. */
export interface Ends {
  readonly smallest: Int32Array
  readonly largest: Int32Array
}

/**
 * Refuses a budget that no plan meets, or that is more than the largest plan needs.
 *
 * @throws QuantaloupeError `BUDGET_OUT_OF_REACH` with the range that can be reached, `PINS_OUT_OF_REACH` with the smallest
 *   budget that meets what the request decides
 */
export function checkReach(problem: PreparedProblem, room: BudgetRoom, ends: Ends): void {
  const { limitBytes } = room
  const [least, most] = [sizeOf(problem, room, ends.smallest), sizeOf(problem, room, ends.largest)]
  if (limitBytes > most) throw outOfReach(problem, room, ends, 'more than the largest plan needs')
  if (limitBytes >= least) return
  const costly = costlyDecisions(problem, room.counted)
  const saved = costly.reduce((sum, { extraBytes }) => sum + extraBytes, 0)
  if (limitBytes < least - saved) throw outOfReach(problem, room, ends, 'less than the smallest plan needs')
  throw new QuantaloupeError(
    'PINS_OUT_OF_REACH',
    `The budget does not meet what is fixed: ${shorten(costly.map(({ text }) => text))}`,
    {
      expected: `at least ${describeEnd(problem, room, ends.smallest)}`,
      remedy: 'Raise the budget, or drop some of these.',
    },
  )
}

function sizeOf(problem: PreparedProblem, room: BudgetRoom, choices: Int32Array): number {
  const own = problem.candidates(choices).reduce((sum, candidate) => sum + candidate[room.counted], 0)
  return room.overheadBytes(choices) + own
}

interface CostlyDecision {
  readonly text: string
  /** Above the smallest way to store the group. */
  readonly extraBytes: number
}

/** Pins, exclusions and minimums that keep a group from its smallest candidate, the costliest first. */
function costlyDecisions({ groups, source }: PreparedProblem, counted: Counted): CostlyDecision[] {
  const { minimums } = source.request
  return groups
    .map((group) => ({ text: describeGroup(group, minimums), extraBytes: extraBytes(group, counted) }))
    .filter((decision) => decision.extraBytes > 0)
    .toSorted((a, b) => b.extraBytes - a.extraBytes)
}

function extraBytes({ candidates, offered }: PreparedGroup, counted: Counted): number {
  const least = (options: PreparedGroup['candidates']): number =>
    options.reduce((smallest, option) => Math.min(smallest, option[counted]), Infinity)
  const weighed = candidates.filter(({ damage }) => damage !== null)
  return Math.max(0, least(offered) - least(weighed))
}

function describeGroup(
  { decision, tensors }: PreparedGroup,
  minimums: Readonly<Record<string, string>>,
): string {
  if (decision) return describeDecision(decision)
  const bound = tensors.find(({ name }) => Object.hasOwn(minimums, name))
  return bound ? `${bound.name} gets at least ${minimums[bound.name]}` : (tensors[0]?.name ?? '')
}

function outOfReach(
  problem: PreparedProblem,
  room: BudgetRoom,
  { smallest, largest }: Ends,
  reason: string,
): QuantaloupeError {
  return new QuantaloupeError('BUDGET_OUT_OF_REACH', `The budget is ${reason}`, {
    place: describeBudget(room),
    expected: `from ${describeEnd(problem, room, smallest)} to ${describeEnd(problem, room, largest)}`,
    remedy: 'Choose a budget in this range, or other formats.',
  })
}

function describeBudget({ budget, kvBytes }: BudgetRoom): string {
  if (budget.kind === 'bpw') return `${budget.bpw} bits per weight`
  if (budget.kind === 'file') return `a file of ${budget.bytes} bytes`
  return `${budget.bytes} bytes of memory, ${kvBytes} of them for keys and values of ${budget.context} tokens`
}

/** A plan in the unit of the budget. */
function describeEnd(problem: PreparedProblem, room: BudgetRoom, choices: Int32Array): string {
  const bpw = bitsPerWeightOf(problem.tensors(choices))
  const size = sizeOf(problem, room, choices)
  const { kind } = room.budget
  if (kind === 'bpw') return `${bpw} bits per weight`
  if (kind === 'file') return `${size} bytes (${bpw.toFixed(4)} bits per weight)`
  return `${size} bytes of memory (${bpw.toFixed(4)} bits per weight)`
}
