import type { Measure, Measurement, Tensor } from '../../../preload/contract.ts'
import { weightsOf } from '../../components/tensor-facts.ts'
import type { MeasurementTable } from '../../stores/measurements.ts'

interface Weighed {
  readonly weights: number
  readonly one: Measurement
}

const sum = (items: readonly Weighed[], of: (item: Weighed) => number): number =>
  items.reduce((total, item) => total + of(item), 0)

/** sum e^2 and sum w^2 of a tensor, from its mean squared error and relative error. */
function errorSquares({ weights, one }: Weighed): number {
  return (one.mse ?? 0) * weights
}

function weightSquares(item: Weighed): number {
  const relative = item.one.relativeError ?? 0
  return relative > 0 ? errorSquares(item) / relative ** 2 : 0
}

function meanSquared(items: readonly Weighed[]): number {
  return sum(items, errorSquares) / sum(items, (item) => item.weights)
}

/** As if the tensors were one; null where the measure cannot be put together from theirs. */
function pool(items: readonly Weighed[], measure: Measure): number | null {
  switch (measure) {
    case 'mse':
      return meanSquared(items)
    case 'rmse':
      return Math.sqrt(meanSquared(items))
    case 'relativeError':
      return Math.sqrt(sum(items, errorSquares) / sum(items, weightSquares))
    case 'sqnr':
      return -10 * Math.log10(sum(items, errorSquares) / sum(items, weightSquares))
    case 'maxAbsError':
      return items.reduce((most, { one }) => Math.max(most, one.maxAbsError ?? 0), 0)
    default:
      return (
        sum(items, ({ weights, one }) => weights * (one[measure] ?? 0)) / sum(items, (item) => item.weights)
      )
  }
}

/**
 * A measure over several tensors.
 *
 * Errors are pooled as if the tensors were one; weighted error, output error, cosine and angle, whose sums a
 * measurement does not carry, are averaged by number of weights. Null when none of the tensors is measured.
 */
export function pooledMeasure(
  tensors: readonly Tensor[],
  table: MeasurementTable,
  measure: Measure,
): number | null {
  const items = tensors.flatMap((tensor): Weighed[] => {
    const one = table.get(tensor.name)
    return one && one[measure] !== null ? [{ weights: weightsOf(tensor), one }] : []
  })
  if (items.length === 0) return null
  const value = pool(items, measure)
  return value !== null && Number.isFinite(value) ? value : null
}
