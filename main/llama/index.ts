import type {
  Generation,
  GenerateTask,
  LlamaCalls,
  LlamaProgress,
  Perplexity,
  PerplexityTask,
} from './protocol.ts'
import { LlamaSession, type SessionOptions } from './session.ts'

export { openComparison, type Comparison, type ComparisonRequest } from './comparison.ts'
export { summarizeComparison, type ComparisonSummary } from './comparison-summary.ts'
export type { ChunkComparison, Generation, LlamaProgress, Perplexity, Scored } from './protocol.ts'

export interface LlamaOptions extends SessionOptions {
  readonly onProgress?: (progress: LlamaProgress) => void
}

/**
 * Perplexity of a model on a text, measured by llama.cpp in a process of its own.
 *
 * @throws QuantaloupeError `TEXT_TOO_SHORT`, `MODEL_REFUSED`, `LLAMA_UNAVAILABLE`, `LLAMA_CRASHED`, `CANCELLED`
 */
export async function perplexity(task: PerplexityTask, options: LlamaOptions): Promise<Perplexity> {
  return runOnce('perplexity', task, options)
}

/**
 * Greedy continuation of a prompt by llama.cpp in a process of its own.
 *
 * @throws QuantaloupeError `MODEL_REFUSED`, `LLAMA_UNAVAILABLE`, `LLAMA_CRASHED`, `CANCELLED`
 */
export async function generate(task: GenerateTask, options: LlamaOptions): Promise<Generation> {
  return runOnce('generate', task, options)
}

async function runOnce<Call extends 'perplexity' | 'generate'>(
  call: Call,
  task: LlamaCalls[Call]['request'],
  options: LlamaOptions,
): Promise<LlamaCalls[Call]['reply']> {
  const session = new LlamaSession(options)
  try {
    return await session.call(call, task, task.modelPath, options.onProgress)
  } finally {
    await session.close()
  }
}
