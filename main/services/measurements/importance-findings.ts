import type { ImportanceCoverage, UnusableImportance } from '../../engine/importance/match-importance.ts'
import type { Finding } from '../../engine/formats/model.ts'

const NAMED = 3

/** What the user should know about an importance matrix that does not fit the model in every place. */
export function importanceFindings(coverage: ImportanceCoverage): Finding[] {
  const { matched, missing, unusable, zeroCounts, unused } = coverage
  const findings: Finding[] = unusable.map((problem) => ({
    code: unusableCode(problem),
    message: `${describeUnusable(problem)}; it is not used`,
    tensor: problem.tensor,
  }))
  if (missing.length > 0) {
    const all = matched + missing.length + unusable.length
    const message = `The importance matrix has no entry for ${missing.length} of ${all} tensors: ${shorten(missing)}`
    findings.push({ code: 'IMPORTANCE_MISSING', message })
  }
  if (zeroCounts.length > 0) {
    const names = shorten(
      zeroCounts.map(({ tensor, experts }) => `${tensor} (${shorten(experts.map(String))})`),
    )
    const message = `The texts of the importance matrix never reached some experts: ${names}`
    findings.push({ code: 'IMPORTANCE_UNREACHED_EXPERTS', message })
  }
  if (unused.length > 0) {
    const message = `${unused.length} entries of the importance matrix belong to no tensor: ${shorten(unused)}`
    findings.push({ code: 'IMPORTANCE_UNUSED', message })
  }
  return findings
}

export function unusableCode({ kind }: UnusableImportance): string {
  return kind === 'length' ? 'IMPORTANCE_LENGTH' : 'NON_FINITE_IMPORTANCE'
}

/** What is wrong with an entry: both lengths, or row and column. */
export function describeUnusable(problem: UnusableImportance): string {
  const { tensor } = problem
  if (problem.kind === 'length') {
    return `The importance of ${tensor} has ${problem.found} values where the tensor needs ${problem.expected}`
  }
  const { row, column, value } = problem
  return `Row ${row}, column ${column} of the importance of ${tensor} is ${value}`
}

/** The first few names, and how many there are more. */
export function shorten(names: readonly string[]): string {
  const rest = names.length - NAMED
  return names.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
