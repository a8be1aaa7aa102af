import { QuantaloupeError } from '../../engine/errors.ts'
import { FileBytes } from '../../engine/formats/file-bytes.ts'
import type { Model } from '../../engine/formats/model.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import { checkImportanceValues } from '../measurements/importance-checks.ts'
import { changedTensors, checkPlanImportance } from '../plans/plan-importance.ts'
import { requantized } from '../plans/resolve-choices.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'

const NAMED = 3

/** @throws QuantaloupeError `REQUANTIZE` */
export function checkRequantize(resolved: readonly ResolvedTensor[], allow: boolean): void {
  const names = requantized(resolved)
  if (allow || names.length === 0) return
  const rest = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  throw new QuantaloupeError('REQUANTIZE', `${names.length} tensors are quantized already`, {
    place: names.slice(0, NAMED).join(', ') + rest,
    expected: 'a source in F32, F16 or BF16 (quantizing twice adds the errors of both)',
    remedy: 'Open the unquantized model, keep these tensors, or allow requantizing.',
  })
}

/**
 * What must be known of importance before the first byte is written.
 *
 * @throws QuantaloupeError `IMPORTANCE_LENGTH`, `NON_FINITE_IMPORTANCE`, `IMPORTANCE_NEEDED`
 */
export function checkImportance(resolved: readonly ResolvedTensor[], statistics: ActivationStatistics): void {
  checkImportanceValues(changedTensors(resolved), statistics)
  checkPlanImportance(resolved, statistics)
}

/** Compares every file of a model with what it was when it was opened. @throws QuantaloupeError `FILE_CHANGED` */
export function checkSources(model: Model): void {
  for (const file of model.files) FileBytes.with(file.path, (bytes) => bytes.checkUnchanged(file))
}
