import { QuantaloupeError } from '../../engine/errors.ts'
import type { LlamaModel } from '../library/model.ts'
import type { Scored, TextTask } from '../protocol.ts'

/** A text in whole chunks of equal length, as llama-perplexity cuts it. */
export interface TextChunks {
  readonly count: number
  /** Tokens per chunk. */
  readonly length: number
  /** First position whose prediction of the next token is scored; the last position of a chunk has no next one. */
  readonly first: number
  /** Positions scored per chunk. */
  readonly scored: number
  /** i32[length]; the first is BOS where the model wants one. */
  chunk(index: number): Int32Array
}

/** @throws QuantaloupeError `TEXT_TOO_SHORT` */
export function cutText(model: LlamaModel, task: TextTask, scored: Scored): TextChunks {
  const tokens = model.tokenize(task.text)
  const length = task.context
  const count = Math.min(task.chunks ?? Infinity, Math.floor(tokens.length / length))
  if (count === 0) {
    throw new QuantaloupeError('TEXT_TOO_SHORT', `The text has only ${tokens.length} tokens`, {
      expected: `at least ${length}`,
      remedy: 'Give a longer text or a smaller context.',
    })
  }
  const first = scored === 'half' ? length / 2 : 0
  const kept = tokens.slice(0, count * length)
  return {
    count,
    length,
    first,
    scored: length - 1 - first,
    chunk(index) {
      const chunk = kept.slice(index * length, (index + 1) * length)
      if (model.bos !== null) chunk[0] = model.bos
      return chunk
    },
  }
}
