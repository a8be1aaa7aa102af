import type { ChunkComparison } from './protocol.ts'

/** What chunks say together. Divergences are KL(reference || candidate) in nats. */
export interface ComparisonSummary {
  /** exp of the mean negative log-likelihood per scored position. */
  readonly perplexity: { readonly reference: number; readonly candidate: number }
  readonly kld: {
    /** Over all scored positions. */
    readonly mean: number
    /**
     * Of the mean. Positions of one chunk share their context and are not independent, so it is the standard
     * deviation of the chunks' means (n - 1) over the root of their number; for a single chunk there is nothing
     * but its positions, taken as independent: an optimistic figure.
     */
    readonly standardError: number
    /** Half-way between the two in the middle when their number is even. */
    readonly median: number
    /** Linear between the neighbours of rank 0.99 (n - 1), as llama-perplexity has it. */
    readonly p99: number
    readonly max: number
  }
  /** Fraction of positions where both have the same most likely token. */
  readonly sameTopToken: number
  /** Tokens evaluated, and positions scored. */
  readonly tokens: number
  readonly scoredTokens: number
}

/** @param chunks at least one, all of the same text and reference */
export function summarizeComparison(chunks: readonly ChunkComparison[]): ComparisonSummary {
  const scored = total(chunks, (chunk) => chunk.scored)
  const divergences = Float64Array.from(chunks.flatMap((chunk) => [...chunk.divergences]))
  const samples = chunks.length > 1 ? chunks.map(({ divergences }) => mean(divergences)) : divergences
  divergences.sort()
  return {
    perplexity: {
      reference: Math.exp(total(chunks, (chunk) => chunk.referenceLoss) / scored),
      candidate: Math.exp(total(chunks, (chunk) => chunk.candidateLoss) / scored),
    },
    kld: {
      mean: mean(divergences),
      standardError: standardError(samples),
      median: quantile(divergences, 0.5),
      p99: quantile(divergences, 0.99),
      max: quantile(divergences, 1),
    },
    sameTopToken: total(chunks, (chunk) => chunk.sameTop) / scored,
    tokens: total(chunks, (chunk) => chunk.tokens),
    scoredTokens: scored,
  }
}

function total(chunks: readonly ChunkComparison[], value: (chunk: ChunkComparison) => number): number {
  return chunks.reduce((sum, chunk) => sum + value(chunk), 0)
}

function mean(values: Iterable<number>): number {
  let sum = 0
  let count = 0
  for (const value of values) {
    sum += value
    count++
  }
  return sum / count
}

/** Of the mean of independent samples; 0 for one sample, which says nothing. */
function standardError(samples: Float64Array | readonly number[]): number {
  if (samples.length < 2) return 0
  const middle = mean(samples)
  let squares = 0
  for (const sample of samples) squares += (sample - middle) ** 2
  return Math.sqrt(squares / (samples.length - 1) / samples.length)
}

/** @param sorted ascending, at least one */
function quantile(sorted: Float64Array, fraction: number): number {
  const rank = fraction * (sorted.length - 1)
  const below = Math.floor(rank)
  const [low, high] = [sorted[below] as number, sorted[Math.ceil(rank)] as number]
  return low + (rank - below) * (high - low)
}
