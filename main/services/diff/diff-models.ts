import { storedType } from '../../engine/quantizers/registry.ts'
import { rowCount, rowLength } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { Model } from '../../engine/formats/model.ts'
import type { JobContext } from '../jobs/job.ts'
import { forEachConcurrently } from '../jobs/limiter.ts'
import { tensorSource } from '../measurements/tensor-source.ts'

/** One tensor of two models. */
export interface TensorDifference {
  readonly name: string
  readonly status: 'compared' | 'only in A' | 'only in B' | 'shapes differ' | 'not decodable'
  readonly a: TensorSide | null
  readonly b: TensorSide | null
  /** |b - a| / |a| over weights that are finite in both; null where nothing could be compared or A is all zero. */
  readonly relativeError: number | null
  /** Weights that are NaN or infinite in either. */
  readonly nonFinite: number
}

export interface TensorSide {
  readonly type: string
  readonly shape: readonly number[]
  readonly bytes: number
}

const PIECE_WEIGHTS = 2 ** 20

/**
 * Compares two models tensor by tensor, aligned by name: A's order, then what only B has.
 *
 * @throws QuantaloupeError `FILE_CHANGED`, `CANCELLED`
 */
export async function diffModels(a: Model, b: Model, context: JobContext): Promise<TensorDifference[]> {
  const others = new Map(b.tensors.map((tensor) => [tensor.name, tensor]))
  const names = new Set(a.tensors.map((tensor) => tensor.name))
  const differences = new Array<TensorDifference>(a.tensors.length)
  await forEachConcurrently(a.tensors.entries(), context.threads + 1, async ([index, tensor]) => {
    differences[index] = await diffTensor(a, b, tensor, others.get(tensor.name), context)
    context.tensorDone()
  })
  const added = b.tensors.filter((tensor) => !names.has(tensor.name))
  return [...differences, ...added.map((tensor) => uncompared('only in B', null, tensor))]
}

async function diffTensor(
  a: Model,
  b: Model,
  tensor: Tensor,
  other: Tensor | undefined,
  context: JobContext,
): Promise<TensorDifference> {
  if (!other) return uncompared('only in A', tensor, null)
  if (tensor.shape.join() !== other.shape.join()) return uncompared('shapes differ', tensor, other)
  if (!storedType(tensor.type) || !storedType(other.type)) return uncompared('not decodable', tensor, other)
  const sums = await compareRows(a, b, tensor, other, context)
  const relativeError = sums.weight2 > 0 ? Math.sqrt(sums.difference2 / sums.weight2) : null
  return { ...uncompared('compared', tensor, other), relativeError, nonFinite: sums.nonFinite }
}

async function compareRows(a: Model, b: Model, tensor: Tensor, other: Tensor, context: JobContext) {
  const rows = rowCount(tensor)
  const pieceRows = Math.max(1, Math.floor(PIECE_WEIGHTS / Math.max(1, rowLength(tensor))))
  const starts = Array.from({ length: Math.ceil(rows / pieceRows) }, (_, index) => index * pieceRows)
  const pair = { source: tensorSource(a, tensor), other: tensorSource(b, other) }
  const sums = new Array<{ difference2: number; weight2: number; nonFinite: number }>(starts.length)
  await forEachConcurrently(starts.entries(), starts.length, async ([index, firstRow]) => {
    const task = { kind: 'compare', ...pair, firstRow, rows: Math.min(pieceRows, rows - firstRow) } as const
    sums[index] = await context.run<'compare'>(task)
  })
  // Added in order, so that the result does not depend on which piece ended first.
  return sums.reduce(
    (total, part) => ({
      difference2: total.difference2 + part.difference2,
      weight2: total.weight2 + part.weight2,
      nonFinite: total.nonFinite + part.nonFinite,
    }),
    { difference2: 0, weight2: 0, nonFinite: 0 },
  )
}

function uncompared(
  status: TensorDifference['status'],
  a: Tensor | null,
  b: Tensor | null,
): TensorDifference {
  return {
    name: (a ?? b)?.name ?? '',
    status,
    a: a && side(a),
    b: b && side(b),
    relativeError: null,
    nonFinite: 0,
  }
}

function side({ type, shape, bytes }: Tensor): TensorSide {
  return { type, shape, bytes }
}
