import { rowsPerExpert } from '../../engine/tensor/tensor.ts'
import type { TensorSource } from '../protocol.ts'

/** Rows that are worked on at a time. */
export interface RowChunk {
  readonly firstRow: number
  readonly rows: number
  /** Of the expert slice the rows lie in, f32[rowLength]; null without. */
  readonly importance: Float32Array | null
}

/**
 * Cuts rows into chunks of whole rows that lie in one expert slice each.
 *
 * @param importance as of `importanceVectors`: one vector for all rows or one per slice
 * @param rows       at most so many in a chunk
 */
export function* rowChunks(
  source: TensorSource,
  run: { readonly firstRow: number; readonly rows: number },
  importance: Float32Array | null,
  rows: number,
): Generator<RowChunk> {
  const rowLength = source.shape[0] ?? 1
  const perExpert = importance !== null && importance.length > rowLength
  const sliceRows = perExpert ? rowsPerExpert(source) : Infinity
  const end = run.firstRow + run.rows
  for (let row = run.firstRow; row < end;) {
    const slice = Math.floor(row / sliceRows)
    const count = Math.min(rows, end - row, (slice + 1) * sliceRows - row)
    const vector = importance && importance.subarray(slice * rowLength, (slice + 1) * rowLength)
    yield { firstRow: row, rows: count, importance: vector }
    row += count
  }
}
