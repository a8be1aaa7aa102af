import { weightCount } from '../../engine/tensor/tensor.ts'
import type { Plan, PlannedTensor } from '../../../preload/contract.ts'
import type { KnownMeasurements } from '../measurements/known-measurements.ts'
import type { LoadedStatistics } from '../measurements/statistics-files.ts'
import type { OpenedModel } from '../library/library.ts'
import { layoutExport } from '../exports/output-layout.ts'
import type { ResolvedTensor } from './resolve-choices.ts'

/**
 * A plan with its exact size and what is known of its errors.
 *
 * The damage is the sum of squared relative errors over all tensors (`t^2` of the linearity theorem), kept tensors
 * adding nothing; it is unknown while one changed tensor is not measured.
 *
 * @throws QuantaloupeError as `layoutExport`
 */
export function describePlan(
  { model }: OpenedModel,
  resolved: readonly ResolvedTensor[],
  known: KnownMeasurements,
  { statistics, origin }: LoadedStatistics,
): Plan {
  const { fileBytes } = layoutExport(model, resolved, { imatrix: origin })
  const tensors = resolved.map((entry): PlannedTensor => {
    const { tensor, requested, change, bytes } = entry
    if (!change) return { name: tensor.name, format: tensor.type, requested, method: null, bytes, error: 0 }
    const { format, method } = change
    const measured = known.find(model, tensor, format, method, statistics)
    const error = measured?.relativeError ?? null
    return { name: tensor.name, format: format.name, requested, method, bytes, error }
  })
  const weights = resolved.reduce((sum, { tensor }) => sum + weightCount(tensor), 0)
  const tensorBytes = tensors.reduce((sum, { bytes }) => sum + bytes, 0)
  return {
    schema: 1,
    model: model.name,
    target:
      resolved.find(({ change }) => change && change.format.target !== 'llama.cpp')?.change?.format.target ??
      'llama.cpp',
    damageModel: 'error',
    fileBytes,
    bpw: weights === 0 ? 0 : (tensorBytes * 8) / weights,
    predictedDamage: sumOfSquares(tensors.map(({ error }) => error)),
    // Both come with a search for the best plan; a plan made by hand or preset has none.
    lowerBound: null,
    gap: null,
    tensors,
  }
}

function sumOfSquares(errors: readonly (number | null)[]): number | null {
  let sum = 0
  for (const error of errors) {
    if (error === null) return null
    sum += error * error
  }
  return sum
}
