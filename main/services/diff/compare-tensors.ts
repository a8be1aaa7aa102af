import type { TensorPairError } from '../../../preload/contract.ts'
import type { Model } from '../../engine/formats/model.ts'
import { storedType } from '../../engine/quantizers/registry.ts'
import { rowCount, rowLength } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { JobContext } from '../jobs/job.ts'
import { forEachConcurrently } from '../jobs/limiter.ts'
import { tensorSource } from '../measurements/tensor-source.ts'
import type { AlignedTensors } from './align-tensors.ts'

export type Comparability = 'compared' | 'only in A' | 'only in B' | 'shapes differ' | 'not decodable'

/** Whether the weights of both can be subtracted, or why not. */
export function comparability({ a, b }: AlignedTensors): Comparability {
  if (!b) return 'only in A'
  if (!a) return 'only in B'
  if (a.shape.join() !== b.shape.join()) return 'shapes differ'
  return storedType(a.type) && storedType(b.type) ? 'compared' : 'not decodable'
}

/** What can not be compared has this error. */
export const NOT_COMPARED: TensorPairError = { relativeError: null, nonFinite: 0 }

const PIECE_WEIGHTS = 2 ** 20

/**
 * |b - a| / |a| over weights that are finite in both; null where A is all zero.
 *
 * @throws QuantaloupeError `FILE_CHANGED`, `CANCELLED`
 */
export async function compareTensors(
  models: { readonly a: Model; readonly b: Model },
  tensors: { readonly a: Tensor; readonly b: Tensor },
  context: Pick<JobContext, 'run'>,
): Promise<TensorPairError> {
  const pair = { source: tensorSource(models.a, tensors.a), other: tensorSource(models.b, tensors.b) }
  const rows = rowCount(tensors.a)
  const pieceRows = Math.max(1, Math.floor(PIECE_WEIGHTS / Math.max(1, rowLength(tensors.a))))
  const starts = Array.from({ length: Math.ceil(rows / pieceRows) }, (_, index) => index * pieceRows)
  const sums = new Array<{ difference2: number; weight2: number; nonFinite: number }>(starts.length)
  await forEachConcurrently(starts.entries(), starts.length, async ([index, firstRow]) => {
    const task = { kind: 'compare', ...pair, firstRow, rows: Math.min(pieceRows, rows - firstRow) } as const
    sums[index] = await context.run<'compare'>(task)
  })
  // Added in order, so that the result does not depend on which piece ended first.
  const total = sums.reduce(
    (sum, part) => ({
      difference2: sum.difference2 + part.difference2,
      weight2: sum.weight2 + part.weight2,
      nonFinite: sum.nonFinite + part.nonFinite,
    }),
    { difference2: 0, weight2: 0, nonFinite: 0 },
  )
  const relativeError = total.weight2 > 0 ? Math.sqrt(total.difference2 / total.weight2) : null
  return { relativeError, nonFinite: total.nonFinite }
}
