/** What goes to the llama.cpp process and comes back. Plain data only. */
import type { ErrorData } from '../engine/errors.ts'

interface TaskBase {
  readonly modelPath: string
  readonly threads: number
}

export interface PerplexityTask extends TaskBase {
  readonly kind: 'perplexity'
  readonly text: string
  /** Tokens per chunk, even, at least 8. */
  readonly context: number
  /** Scores only the first chunks when given. */
  readonly chunks?: number
}

export interface GenerateTask extends TaskBase {
  readonly kind: 'generate'
  readonly prompt: string
  /** Stops earlier at an end-of-generation token. */
  readonly tokens: number
}

export type LlamaTask = PerplexityTask | GenerateTask

export interface Perplexity {
  /** exp of `meanLoss`. */
  readonly perplexity: number
  /** Mean negative log-likelihood per scored token, in nats. */
  readonly meanLoss: number
  /** Standard error of `meanLoss`, taking scored tokens as independent. */
  readonly standardError: number
  readonly scoredTokens: number
  readonly chunks: number
  readonly tokensPerSecond: number
}

export interface Generation {
  /** The continuation without the prompt. */
  readonly text: string
  readonly tokens: number
  readonly tokensPerSecond: number
}

export interface LlamaResults {
  perplexity: Perplexity
  generate: Generation
}

/** Chunks or tokens. */
export interface LlamaProgress {
  readonly done: number
  readonly total: number
}

export type LlamaMessage =
  | { readonly kind: 'progress'; readonly progress: LlamaProgress }
  | { readonly kind: 'done'; readonly value: LlamaResults[keyof LlamaResults] }
  | { readonly kind: 'failed'; readonly error: ErrorData }
