import { createHash } from 'node:crypto'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'

/** What stands for the importance of a group's tensors, in order; empty where none has any. */
export function groupImportance(tensors: readonly string[], { importance }: ActivationStatistics): string {
  const fingerprints = tensors.map((name) => importance.get(name)?.fingerprint ?? '')
  if (fingerprints.every((fingerprint) => fingerprint === '')) return ''
  return createHash('sha256').update(JSON.stringify(fingerprints)).digest('hex')
}
