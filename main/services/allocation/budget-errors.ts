import { QuantaloupeError } from '../../engine/errors.ts'
import { shorten } from '../measurements/importance-findings.ts'
import { bitsPerWeightOf } from '../plans/describe-plan.ts'
import type { BudgetRoom } from './budget-room.ts'
import { describeDecision } from './decisions.ts'
import type { PreparedGroup } from './prepared-group.ts'
import type { Counted, PreparedProblem } from './prepared-problem.ts'

/**
 * Refuses a budget that no plan meets, or that is more than the largest plan needs.
 *
 * @throws QuantaloupeError `BUDGET_OUT_OF_REACH` with the range that can be reached, `PINS_OUT_OF_REACH` with the smallest
 *   budget that meets what the request decides
 */
export function checkReach(problem: PreparedProblem, room: BudgetRoom): void {
  const { limitBytes, leastBytes, mostBytes } = room
  if (limitBytes > mostBytes) throw outOfReach(problem, room, 'more than the largest plan needs')
  if (limitBytes >= leastBytes) return
  const costly = costlyDecisions(problem, room.counted)
  const saved = costly.reduce((sum, { extraBytes }) => sum + extraBytes, 0)
  if (limitBytes < leastBytes - saved) throw outOfReach(problem, room, 'less than the smallest plan needs')
  throw new QuantaloupeError(
    'PINS_OUT_OF_REACH',
    `The budget does not meet what is fixed: ${shorten(costly.map(({ text }) => text))}`,
    {
      expected: `at least ${describeSmallest(problem, room)}`,
      remedy: 'Raise the budget, or drop some of these.',
    },
  )
}

interface CostlyDecision {
  readonly text: string
  /** Above the smallest way to store the group. */
  readonly extraBytes: number
}

/** Pins, exclusions and minimums that keep a group from its smallest candidate, the costliest first. */
function costlyDecisions({ groups, request }: PreparedProblem, counted: Counted): CostlyDecision[] {
  const { minimums } = request
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

function outOfReach(problem: PreparedProblem, room: BudgetRoom, reason: string): QuantaloupeError {
  return new QuantaloupeError('BUDGET_OUT_OF_REACH', `The budget is ${reason}`, {
    place: describeBudget(room),
    expected: `from ${describeSmallest(problem, room)} to ${describeLargest(problem, room)}`,
    remedy: 'Choose a budget in this range, or other formats.',
  })
}

function describeBudget({ budget, kvBytes }: BudgetRoom): string {
  if (budget.kind === 'bpw') return `${budget.bpw} bits per weight`
  if (budget.kind === 'file') return `a file of ${budget.bytes} bytes`
  return `${budget.bytes} bytes of memory, ${kvBytes} of them for keys and values of ${budget.context} tokens`
}

function describeSmallest(problem: PreparedProblem, room: BudgetRoom): string {
  const bpw = bitsPerWeightAt(problem, room.frontier.choicesAt(0))
  // Rounded into the range, so that what is named can be reached.
  return describeSize(room, room.leastBytes, Math.ceil(bpw * 1e4) / 1e4)
}

function describeLargest(problem: PreparedProblem, room: BudgetRoom): string {
  const bpw = bitsPerWeightAt(problem, room.frontier.choicesAt(room.frontier.points.length - 1))
  return describeSize(room, room.mostBytes, Math.floor(bpw * 1e4) / 1e4)
}

function bitsPerWeightAt(problem: PreparedProblem, choices: Int32Array): number {
  return bitsPerWeightOf(problem.pool.source.opened.model, problem.tensors(choices))
}

function describeSize({ budget: { kind } }: BudgetRoom, bytes: number, bpw: number): string {
  if (kind === 'bpw') return `${bpw} bits per weight`
  return `${bytes} bytes${kind === 'memory' ? ' of memory' : ''} (${bpw} bits per weight)`
}
