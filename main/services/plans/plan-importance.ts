import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import {
  checkImportanceLengths,
  importanceNeeded,
  lacksImportance,
} from '../measurements/importance-checks.ts'
import type { ResolvedTensor } from './resolve-choices.ts'

export function changedTensors(resolved: readonly ResolvedTensor[]): Tensor[] {
  return resolved.filter(({ change }) => change !== null).map(({ tensor }) => tensor)
}

/**
 * Whether a plan can be carried out with the importance there is.
 *
 * @throws QuantaloupeError `IMPORTANCE_LENGTH`, `IMPORTANCE_NEEDED`
 */
export function checkPlanImportance(
  resolved: readonly ResolvedTensor[],
  statistics: ActivationStatistics,
): void {
  checkImportanceLengths(changedTensors(resolved), statistics)
  for (const { tensor, change } of resolved) {
    if (change && lacksImportance(tensor, change.format, statistics)) {
      throw importanceNeeded(tensor.name, change.format.name)
    }
  }
}
