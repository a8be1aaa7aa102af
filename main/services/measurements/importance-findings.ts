import type { ImportanceCoverage } from '../../engine/importance/match-importance.ts'
import type { Finding } from '../../engine/formats/model.ts'

const NAMED = 3

/** What the user should know about an importance matrix that does not fit the model in every place. */
export function importanceFindings(coverage: ImportanceCoverage): Finding[] {
  const { missing, wrongLength, zeroCounts } = coverage
  const findings: Finding[] = wrongLength.map(({ tensor, expected, found }) => ({
    code: 'IMPORTANCE_LENGTH',
    message: `The importance of ${tensor} has ${found} values instead of ${expected} and is not used`,
    tensor,
  }))
  if (missing.length > 0) {
    const message = `The importance matrix says nothing about ${missing.length} tensors: ${shorten(missing)}`
    findings.push({ code: 'IMPORTANCE_MISSING', message })
  }
  if (zeroCounts.length > 0) {
    const names = shorten(zeroCounts.map(({ tensor, experts }) => `${tensor} (${experts.length})`))
    const message = `The texts of the importance matrix never reached some experts: ${names}`
    findings.push({ code: 'IMPORTANCE_UNREACHED_EXPERTS', message })
  }
  return findings
}

function shorten(names: readonly string[]): string {
  const rest = names.length - NAMED
  return names.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
