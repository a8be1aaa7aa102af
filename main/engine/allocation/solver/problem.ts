import { QuantaloupeError } from '../../errors.ts'

/** One way to store a group of tensors. */
export interface Option {
  /** A whole number. */
  readonly bytes: number
  /** Predicted damage, not negative, in any unit. */
  readonly damage: number
}

/** For each group the options of which exactly one is taken: the multiple-choice knapsack. */
export type Problem = readonly (readonly Option[])[]

/** @throws QuantaloupeError `BAD_OPTIONS` for a group without options, fractional bytes, a damage that is no number */
export function checkProblem(problem: Problem): void {
  problem.forEach((options, group) => {
    if (options.length === 0) throw badOptions(group, 'at least one option')
    for (const { bytes, damage } of options) {
      if (!Number.isSafeInteger(bytes) || bytes < 0) throw badOptions(group, 'bytes that are a whole number')
      if (!Number.isFinite(damage) || damage < 0) throw badOptions(group, 'a finite damage of at least 0')
    }
  })
}

function badOptions(group: number, expected: string): QuantaloupeError {
  return new QuantaloupeError('BAD_OPTIONS', 'The choice of formats can not be computed', {
    place: `group ${group} of the allocation`,
    expected,
    fault: 'bug',
  })
}
