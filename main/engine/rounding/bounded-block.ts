import { lowerBoundOf } from '../quantizers/optimal/lower-bounds.ts'
import type { RoundedRow } from './explore-row.ts'

/** A block of several groups, with what no encoding of it can go below. Errors as those of a group. */
export interface BoundedBlock {
  /** Place in the row. */
  readonly block: number
  readonly referenceError: number
  readonly chosenError: number
  /** Each group with the real scale that is best for it, as if scales of groups were not bound to each other. */
  readonly lowerBound: number
}

export interface RowErrors {
  /** f64[n]: what the squared error of each weight counts. */
  readonly errorWeights: Float64Array
  /** One per group. */
  readonly reference: readonly number[]
  readonly chosen: readonly number[]
}

/** The block around a group; null for formats without a bound, whose scales are free as they are. */
export function boundedBlock(
  { format, scaled, weights }: RoundedRow,
  { errorWeights, reference, chosen }: RowErrors,
  group: number,
): BoundedBlock | null {
  const lowerBound = lowerBoundOf(format.name)
  if (!lowerBound) return null
  const { blockSize } = format
  const block = Math.floor((group * scaled.groupSize) / blockSize)
  const [from, to] = [block * blockSize, (block + 1) * blockSize]
  const total = (errors: readonly number[]) =>
    errors.slice(from / scaled.groupSize, to / scaled.groupSize).reduce((sum, error) => sum + error, 0)
  return {
    block,
    referenceError: total(reference),
    chosenError: total(chosen),
    lowerBound: lowerBound(weights.subarray(from, to), errorWeights.subarray(from, to)),
  }
}
