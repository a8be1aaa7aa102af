import { createContext, type LlamaContext } from '../library/context.ts'
import { loadModel } from '../library/model.ts'
import type { LlamaProgress, Perplexity, PerplexityTask } from '../protocol.ts'
import { batchesOf, batchSize } from './batches.ts'
import { lossOf } from './distributions.ts'
import { noNumbers } from './no-numbers.ts'
import { cutText, type TextChunks } from './text-chunks.ts'

interface Loss {
  sum: number
  sum2: number
  tokens: number
}

/**
 * Perplexity in the manner of llama.cpp's `llama-perplexity`.
 *
 * The text is cut in whole chunks of `context` tokens; in each the first token is replaced by BOS (where the model
 * wants one) and the second half is scored, so that every scored token has at least half a chunk before it.
 *
 * @throws QuantaloupeError `TEXT_TOO_SHORT`, `MODEL_REFUSED`, `LLAMA_UNAVAILABLE`
 */
export async function measurePerplexity(
  task: PerplexityTask,
  report: (progress: LlamaProgress) => void,
): Promise<Perplexity> {
  const model = await loadModel(task.modelPath)
  const chunks = cutText(model, task, 'half')
  const batch = batchSize(chunks.length, model.vocabulary)
  const context = await createContext(model, { positions: chunks.length, batch, threads: task.threads })
  const loss: Loss = { sum: 0, sum2: 0, tokens: 0 }
  const startedMs = performance.now()
  for (let index = 0; index < chunks.count; index++) {
    await scoreChunk(context, chunks, index, batch, loss)
    report({ done: index + 1, total: chunks.count })
  }
  const seconds = (performance.now() - startedMs) / 1000
  context.free()
  model.free()
  if (Number.isNaN(loss.sum)) throw noNumbers(task.modelPath)
  const tokensPerSecond = (chunks.count * chunks.length) / seconds
  return { ...summarize(loss), chunks: chunks.count, tokensPerSecond }
}

async function scoreChunk(
  context: LlamaContext,
  chunks: TextChunks,
  index: number,
  batch: number,
  loss: Loss,
): Promise<void> {
  const chunk = chunks.chunk(index)
  context.clear()
  for (const { start, tokens, silent, rows } of batchesOf(chunk, chunks, batch)) {
    await context.read(tokens, silent)
    for (let row = 0; row < rows; row++) {
      const value = lossOf(context.row(row), chunk[start + silent + row + 1] as number)
      loss.sum += value
      loss.sum2 += value * value
      loss.tokens++
    }
  }
}

function summarize({ sum, sum2, tokens }: Loss) {
  const meanLoss = sum / tokens
  const variance = Math.max(0, sum2 / tokens - meanLoss * meanLoss)
  const standardError = Math.sqrt(variance / Math.max(1, tokens - 1))
  return { perplexity: Math.exp(meanLoss), meanLoss, standardError, scoredTokens: tokens }
}
