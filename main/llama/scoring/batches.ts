import type { TextChunks } from './text-chunks.ts'

/** Tokens per evaluation at most: more are no faster. */
const MAX_BATCH = 256

/** Of the logits of a batch, at least one row; llama.cpp keeps them twice: as it computes them and as it hands them out. */
const MAX_LOGIT_BYTES = 64 * 2 ** 20

/** Tokens per evaluation such that a row of logits for each stays within bounds, whatever the vocabulary. */
export function batchSize(context: number, vocabulary: number): number {
  const rows = Math.floor(MAX_LOGIT_BYTES / (vocabulary * Float32Array.BYTES_PER_ELEMENT))
  return Math.max(1, Math.min(MAX_BATCH, context, rows))
}

/** Part of a chunk that is evaluated in one go. */
export interface Batch {
  /** Position of its first token in the chunk. */
  readonly start: number
  readonly tokens: Int32Array
  /** Tokens at its beginning that are not scored. */
  readonly silent: number
  /** Rows that are scored; the last token of a chunk predicts nothing that is known. */
  readonly rows: number
}

export function* batchesOf(chunk: Int32Array, chunks: TextChunks, size: number): Generator<Batch> {
  for (let start = 0; start < chunk.length; start += size) {
    const tokens = chunk.subarray(start, start + size)
    const silent = Math.min(tokens.length, Math.max(0, chunks.first - start))
    const rows = Math.max(0, Math.min(tokens.length, chunk.length - 1 - start) - silent)
    yield { start, tokens, silent, rows }
  }
}
