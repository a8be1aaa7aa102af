import { QuantaloupeError } from '../../errors.ts'
import { findBestChoice, USUAL_EFFORT } from './best-choice.ts'
import type { Frontier } from './frontier.ts'
import { relax } from './relaxation.ts'

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

/**
 * Finds the choices with the least damage within a budget.
 *
 * Exact as long as the search stays within its effort; where it does not, the gap tells what is unknown.
 *
 * @param effort partial solutions that may be looked at
 * @throws QuantaloupeError `BUDGET_OUT_OF_REACH` when the smallest choices are larger than the budget
 */
export function solve(frontier: Frontier, budgetBytes: number, effort = USUAL_EFFORT): Solution {
  const root = relax(frontier, budgetBytes)
  if (root === null) throw outOfReach(frontier, budgetBytes)
  const { positions, bytes, damage, lowerBound, exact } = findBestChoice(frontier, root, budgetBytes, effort)
  const choices = positions.map((position) => frontier.options.index[position] ?? 0)
  const gap = damage === 0 ? 0 : (damage - lowerBound) / damage
  return { choices, bytes, damage, lowerBound, gap, price: root.base.price, exact }
}

function outOfReach({ smallestBytes, largestBytes }: Frontier, budgetBytes: number): QuantaloupeError {
  return new QuantaloupeError('BUDGET_OUT_OF_REACH', `Nothing fits in ${budgetBytes} bytes`, {
    expected: `from ${smallestBytes} to ${largestBytes} bytes`,
    remedy: 'Allow smaller formats or raise the budget.',
  })
}
