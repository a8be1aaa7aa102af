import type { SensitivityKey, SensitivityText } from '../cache/sensitivities.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import { groupImportance } from './group-importance.ts'
import type { PlannedReplacement } from './plan-replacements.ts'

/** Under which the cache knows a replacement. */
export function replacementKey(
  weights: string,
  text: SensitivityText,
  { tensors, format }: PlannedReplacement,
  statistics: ActivationStatistics,
): SensitivityKey {
  const names = tensors.map(({ name }) => name)
  return { weights, tensors: names, format, importance: groupImportance(names, statistics), text }
}
