/** What goes to the llama.cpp process and comes back. Plain data and typed arrays only. */
import type { ErrorData } from '../engine/errors.ts'

/** A text and how it is cut. */
export interface TextTask {
  readonly text: string
  /** Tokens per chunk, even, at least 8. */
  readonly context: number
  /** Scores only the first chunks when given. */
  readonly chunks?: number
}

/**
 * Positions of a chunk that are scored: the second half, so that each has at least half a chunk before it
 * (as llama-perplexity does), or all of them. The last position never is: what follows lies in the next chunk.
 */
export type Scored = 'half' | 'all'

export interface PerplexityTask extends TextTask {
  readonly modelPath: string
  readonly threads: number
}

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

export interface GenerateTask {
  readonly modelPath: string
  readonly threads: number
  readonly prompt: string
  /** Stops earlier at an end-of-generation token. */
  readonly tokens: number
}

export interface Generation {
  /** The continuation without the prompt. */
  readonly text: string
  readonly tokens: number
  readonly tokensPerSecond: number
}

export interface ComparisonTask extends TextTask {
  readonly referencePath: string
  readonly threads: number
  /** `half` when absent. */
  readonly scored?: Scored
  /** File to make for the reference's logits; absent: both models run side by side. */
  readonly recordPath?: string
}

/** What a text is cut into for a reference. */
export interface ComparisonShape {
  readonly chunks: number
  readonly tokensPerChunk: number
  readonly scoredPerChunk: number
  /** Number of tokens in the vocabulary. */
  readonly vocabulary: number
}

/** One chunk of a text in both models. */
export interface ChunkComparison {
  /** KL(reference || candidate) in nats per scored position, f32[scored]. */
  readonly divergences: Float32Array
  /** Sums of negative log-likelihood over the scored positions, in nats. */
  readonly referenceLoss: number
  readonly candidateLoss: number
  /** Scored positions where both have the same most likely token. */
  readonly sameTop: number
  /** Tokens evaluated. */
  readonly tokens: number
  /** Positions scored. */
  readonly scored: number
}

/** What the process can be asked. */
export interface LlamaCalls {
  readonly perplexity: { readonly request: PerplexityTask; readonly reply: Perplexity }
  readonly generate: { readonly request: GenerateTask; readonly reply: Generation }
  readonly openComparison: { readonly request: ComparisonTask; readonly reply: ComparisonShape }
  /** Frees the former candidate first. */
  readonly setCandidate: { readonly request: { readonly path: string }; readonly reply: null }
  readonly compareChunk: { readonly request: { readonly index: number }; readonly reply: ChunkComparison }
}

export type LlamaCall = keyof LlamaCalls
export type LlamaRequest = {
  [Call in LlamaCall]: {
    readonly id: number
    readonly call: Call
    readonly request: LlamaCalls[Call]['request']
  }
}[LlamaCall]

/** Chunks or tokens. */
export interface LlamaProgress {
  readonly done: number
  readonly total: number
}

export type LlamaMessage = { readonly id: number } & (
  | { readonly kind: 'progress'; readonly progress: LlamaProgress }
  | { readonly kind: 'done'; readonly value: LlamaCalls[LlamaCall]['reply'] }
  | { readonly kind: 'failed'; readonly error: ErrorData }
)
