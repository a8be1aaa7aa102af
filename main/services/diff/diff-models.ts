import type { TensorPair, TensorPairError } from '../../../preload/contract.ts'
import type { Model } from '../../engine/formats/model.ts'
import type { JobContext } from '../jobs/job.ts'
import { forEachConcurrently } from '../jobs/limiter.ts'
import { alignTensors, describePair } from './align-tensors.ts'
import type { AlignedTensors } from './align-tensors.ts'
import { comparability, compareTensors, NOT_COMPARED } from './compare-tensors.ts'
import type { Comparability } from './compare-tensors.ts'

export type { TensorSide } from './align-tensors.ts'

/** One tensor of two models, compared where it can be. */
export interface TensorDifference extends TensorPair, TensorPairError {
  readonly status: Comparability
}

/**
 * Compares two models tensor by tensor, aligned by name: A's order, then what only B has.
 *
 * @throws QuantaloupeError `FILE_CHANGED`, `CANCELLED`
 */
export async function diffModels(a: Model, b: Model, context: JobContext): Promise<TensorDifference[]> {
  const pairs = alignTensors(a, b)
  const differences = new Array<TensorDifference>(pairs.length)
  await forEachConcurrently(pairs.entries(), context.threads + 1, async ([index, pair]) => {
    const { name, ...sides } = describePair(pair)
    const error = await pairError({ a, b }, pair, context)
    differences[index] = { name, status: comparability(pair), ...sides, ...error }
    if (pair.a) context.tensorDone()
  })
  return differences
}

/** The error of one pair; null where it can not be compared. @throws QuantaloupeError `FILE_CHANGED`, `CANCELLED` */
export async function pairError(
  models: { readonly a: Model; readonly b: Model },
  pair: AlignedTensors,
  context: Pick<JobContext, 'run'>,
): Promise<TensorPairError> {
  const { a, b } = pair
  return a && b && comparability(pair) === 'compared'
    ? compareTensors(models, { a, b }, context)
    : NOT_COMPARED
}
