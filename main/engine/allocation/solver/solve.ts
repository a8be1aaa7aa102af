import { QuantaloupeError } from '../../errors.ts'
import type { Frontier } from './frontier.ts'

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
  /** Whether it is proved that no choices within the budget have less damage. */
  readonly exact: boolean
}

/**
 * @throws QuantaloupeError `BUDGET_OUT_OF_REACH` when the smallest choices are larger than the budget
 */
export function solve(frontier: Frontier, budgetBytes: number): Solution {
  const point = lastPointWithin(frontier, budgetBytes)
  const { bytes, damage } = frontier.points[point] ?? { bytes: 0, damage: 0 }
  const price = frontier.points[point + 1]?.slope ?? 0
  const lowerBound = price === 0 ? damage : Math.max(0, damage - price * (budgetBytes - bytes))
  const gap = damage === 0 ? 0 : (damage - lowerBound) / damage
  return { choices: frontier.choicesAt(point), bytes, damage, lowerBound, gap, price, exact: gap === 0 }
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
