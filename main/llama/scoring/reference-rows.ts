import type { LlamaContext } from '../library/context.ts'
import type { Batch } from './batches.ts'
import type { ReferenceRecord } from './reference-record.ts'

/** The reference's logits, batch by batch of one chunk. */
export interface ReferenceRows {
  /** Goes on to the next batch; the first call is for the first batch. */
  advance(batch: Batch): Promise<void>
  /** Logits of a scored row of the batch; overwritten by the next call. */
  row(index: number): Float32Array
}

/** Evaluates the reference. */
export function evaluatedRows(context: LlamaContext): ReferenceRows {
  context.clear()
  return {
    advance: ({ tokens, silent }) => context.read(tokens, silent),
    row: (index) => context.row(index),
  }
}

/** Reads what the reference gave before. */
export function recordedRows(record: ReferenceRecord, chunk: number): ReferenceRows {
  let start = 0
  let rows = 0
  return {
    advance(batch) {
      start += rows
      rows = batch.rows
      return Promise.resolve()
    },
    row: (index) => record.read(chunk, start + index),
  }
}
