import { describe, expect, it } from 'vitest'
import { summarizeComparison } from '../../main/llama/index.ts'

const chunkOf = (divergences: readonly number[], sameTop = divergences.length, loss = 2) => ({
  divergences: Float32Array.from(divergences),
  referenceLoss: loss * divergences.length,
  candidateLoss: (loss + 0.5) * divergences.length,
  sameTop,
  tokens: 2 * divergences.length,
  scored: divergences.length,
})

describe('the summary of a comparison', () => {
  it('has perplexities of mean losses, and fractions of all positions', () => {
    const summary = summarizeComparison([chunkOf([0, 0, 0, 0], 3, 1), chunkOf([0, 0, 0, 0], 4, 3)])
    expect(summary.perplexity.reference).toBeCloseTo(Math.exp(2), 12)
    expect(summary.perplexity.candidate).toBeCloseTo(Math.exp(2.5), 12)
    expect(summary).toMatchObject({ sameTopToken: 7 / 8, tokens: 16, scoredTokens: 8 })
  })

  it('interpolates median and 99th percentile between neighbours', () => {
    const ascending = Array.from({ length: 200 }, (_, index) => index)
    const { kld } = summarizeComparison([chunkOf(ascending.toReversed())])
    expect(kld).toMatchObject({ mean: 99.5, median: 99.5, max: 199 })
    expect(kld.p99).toBeCloseTo(0.99 * 199, 10)
    expect(summarizeComparison([chunkOf([5, 1, 3])]).kld).toMatchObject({ median: 3, max: 5 })
  })

  it('takes the standard error from the means of chunks, whose positions are not independent', () => {
    const chunks = [chunkOf([1, 1, 1, 1]), chunkOf([2, 2, 2, 2]), chunkOf([3, 3, 3, 3])]
    // The means 1, 2, 3 have a variance of 1.
    expect(summarizeComparison(chunks).kld.standardError).toBeCloseTo(Math.sqrt(1 / 3), 12)
  })

  it('takes it from the positions of a single chunk', () => {
    expect(summarizeComparison([chunkOf([1, 2, 3])]).kld.standardError).toBeCloseTo(Math.sqrt(1 / 3), 12)
    expect(summarizeComparison([chunkOf([4])]).kld.standardError).toBe(0)
  })
})
