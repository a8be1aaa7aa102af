import type { ControlledEvaluateInputItem, LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp'
import { QuantaloupeError } from '../engine/errors.ts'
import { loadModel } from './llama-model.ts'
import type { LlamaProgress, Perplexity, PerplexityTask } from './protocol.ts'

/** Tokens per evaluation; bounds the logits that llama.cpp keeps (this many rows of the vocabulary, f32). */
const BATCH = 256

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
  const model = await loadModel(task.modelPath, task.threads)
  const chunks = cutChunks(model, task)
  const context = await model.createContext({
    contextSize: task.context,
    batchSize: Math.min(task.context, BATCH),
    threads: task.threads,
    flashAttention: false,
  })
  const sequence = context.getSequence()
  const loss: Loss = { sum: 0, sum2: 0, tokens: 0 }
  const startedMs = performance.now()
  for (const [index, chunk] of chunks.entries()) {
    await sequence.clearHistory()
    await scoreChunk(sequence, chunk, loss)
    report({ done: index + 1, total: chunks.length })
  }
  const seconds = (performance.now() - startedMs) / 1000
  return {
    ...summarize(loss),
    chunks: chunks.length,
    tokensPerSecond: (chunks.length * task.context) / seconds,
  }
}

function cutChunks(model: LlamaModel, task: PerplexityTask): Token[][] {
  const bos = model.tokens.shouldPrependBosToken ? model.tokens.bos : null
  const tokens = [...(bos === null ? [] : [bos]), ...model.tokenize(task.text)]
  const count = Math.min(task.chunks ?? Infinity, Math.floor(tokens.length / task.context))
  if (count === 0) {
    throw new QuantaloupeError('TEXT_TOO_SHORT', `The text has only ${tokens.length} tokens`, {
      expected: `at least ${task.context}`,
      remedy: 'Give a longer text or a smaller context.',
    })
  }
  return Array.from({ length: count }, (_, index) => {
    const chunk = tokens.slice(index * task.context, (index + 1) * task.context)
    if (bos !== null) chunk[0] = bos
    return chunk
  })
}

/** Adds the losses of a chunk's second half. */
async function scoreChunk(
  sequence: LlamaContextSequence,
  chunk: readonly Token[],
  loss: Loss,
): Promise<void> {
  const first = chunk.length / 2
  const results = await sequence.controlledEvaluate(
    chunk.map((token, index): ControlledEvaluateInputItem => {
      const next = chunk[index + 1]
      return index < first || next === undefined ? token : [token, { generateNext: askFor(next) }]
    }),
  )
  for (let index = first; index < chunk.length - 1; index++) {
    const next = results[index]?.next
    const value = lossOf(next?.logits, chunk[index + 1], next?.totalLogitWeight)
    loss.sum += value
    loss.sum2 += value * value
    loss.tokens++
  }
}

/**
 * The logit of the true next token, the largest logit, and the sum of exp(logit - largest): all that a loss needs.
 *
 * Sampling is greedy unless a temperature is given, so the selected token is the one with the largest logit.
 * (`includeMax` would say so more plainly, but node-llama-cpp 3.22 leaves the maximum out unless it is in the filter.)
 */
function askFor(next: Token) {
  return { logits: { filter: { tokens: [next], includeSelected: true } }, totalLogitWeight: true } as const
}

function lossOf(
  logits: ReadonlyMap<Token, number> | undefined,
  token: Token | undefined,
  totalLogitWeight: number | undefined,
): number {
  const logit = token === undefined ? undefined : logits?.get(token)
  if (!logits || logit === undefined || totalLogitWeight === undefined) {
    throw new Error('llama.cpp returned no logits for a scored token')
  }
  return Math.max(...logits.values()) + Math.log(totalLogitWeight) - logit
}

function summarize({ sum, sum2, tokens }: Loss) {
  const meanLoss = sum / tokens
  const variance = Math.max(0, sum2 / tokens - meanLoss * meanLoss)
  const standardError = Math.sqrt(variance / Math.max(1, tokens - 1))
  return { perplexity: Math.exp(meanLoss), meanLoss, standardError, scoredTokens: tokens }
}
