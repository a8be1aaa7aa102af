import { QuantaloupeError } from '../../engine/errors.ts'
import type { UnusableImportance } from '../../engine/importance/match-importance.ts'
import type { Format } from '../../engine/quantizers/format.ts'
import type { ActivationStatistics } from './activation-statistics.ts'
import { describeUnusable, unusableCode } from './importance-findings.ts'

/**
 * Refuses importance that belongs to another model: entries of some tensors with a wrong length.
 *
 * @throws QuantaloupeError `IMPORTANCE_LENGTH` naming tensor and both lengths
 */
export function checkImportanceLengths(
  tensors: Iterable<{ readonly name: string }>,
  statistics: ActivationStatistics,
): void {
  for (const { name } of tensors) {
    const problem = statistics.unusable.get(name)
    if (problem?.kind === 'length') throw unusable(problem)
  }
}

/**
 * As {@link checkImportanceLengths}, and refuses values that are NaN or infinite.
 *
 * @throws QuantaloupeError `IMPORTANCE_LENGTH`, `NON_FINITE_IMPORTANCE` naming tensor, row and column
 */
export function checkImportanceValues(
  tensors: Iterable<{ readonly name: string }>,
  statistics: ActivationStatistics,
): void {
  for (const { name } of tensors) {
    const problem = statistics.unusable.get(name)
    if (problem) throw unusable(problem)
  }
}

export function lacksImportance(
  tensor: { readonly name: string },
  format: Format,
  statistics: ActivationStatistics,
): boolean {
  return format.needsImportance && !statistics.importance.has(tensor.name)
}

/** The error `IMPORTANCE_NEEDED` for a tensor and a format. */
export function importanceNeeded(tensor: string, format: string): QuantaloupeError {
  return new QuantaloupeError('IMPORTANCE_NEEDED', `${format} needs importance, and ${tensor} has none`, {
    place: tensor,
    expected: `an imatrix with an entry for ${tensor}`,
    remedy: `Give such an imatrix, or choose another format for this tensor, such as Q2_K.`,
  })
}

function unusable(problem: UnusableImportance): QuantaloupeError {
  const expected = problem.kind === 'length' ? `${problem.expected} values` : 'finite values'
  return new QuantaloupeError(unusableCode(problem), describeUnusable(problem), {
    place: problem.tensor,
    expected,
    remedy: 'Use the imatrix of this model, make it again, or leave it out.',
  })
}
