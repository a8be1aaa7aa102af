import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_TEXT } from '../../main/cli/demo-text.ts'
import { summarizeComparison, type ComparisonSummary } from '../../main/llama/index.ts'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { compareAll, testComparison } from '../support/comparisons.ts'
import { writeDecodedTwin } from '../support/decoded-twin.ts'
import { compareForward, readLlama, type Activations } from '../support/llama-forward.ts'
import { pieceTokenizer } from '../support/piece-tokenizer.ts'
import { SAMPLE_FOLDER } from '../support/sample-model.ts'

const CONTEXT = 128
const CHUNKS = 3

const cli = new CommandLine()
const [COARSE, FINE, TWIN] = ['coarse.gguf', 'fine.gguf', 'twin.gguf'].map((name) => cli.path(name)) as [
  string,
  string,
  string,
]
beforeAll(async () => {
  const importance = ['--imatrix', `${SAMPLE_FOLDER}/imatrix.gguf`]
  await cli.run('export', SAMPLE, '--preset', 'Q2_K', ...importance, '-o', COARSE)
  await cli.run('export', SAMPLE, '--preset', 'Q4_K_M', ...importance, '-o', FINE)
  writeDecodedTwin(FINE, SAMPLE, TWIN)
})
afterAll(() => cli.remove())

async function inLlama(path: string): Promise<ComparisonSummary> {
  const comparison = await testComparison({ context: CONTEXT, chunks: CHUNKS, scored: 'all' })
  return summarizeComparison(await compareAll(comparison, path))
}

/** The same by other means: own tokenizer, own decoders, own arithmetic. */
function independently(path: string, activations: Activations) {
  const tokens = pieceTokenizer(SAMPLE)(DEMO_TEXT)
  const [reference, model] = [readLlama(SAMPLE, activations), readLlama(path, activations)]
  const chunks = Array.from({ length: CHUNKS }, (_, chunk) => {
    const inside = tokens.slice(chunk * CONTEXT, (chunk + 1) * CONTEXT)
    return compareForward(reference, model, [tokens[0]!, ...inside.slice(1)])
  })
  const divergences = chunks.flatMap((chunk) => [...chunk.divergences])
  return {
    kld: mean(divergences),
    reference: Math.exp(mean(chunks.map(({ referenceLoss }) => referenceLoss))),
    candidate: Math.exp(mean(chunks.map(({ candidateLoss }) => candidateLoss))),
    scored: divergences.length,
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

async function expectAgreement(path: string, activations: Activations): Promise<void> {
  const [measured, computed] = [await inLlama(path), independently(path, activations)]
  expect(measured.scoredTokens).toBe(computed.scored)
  const ratios = [
    measured.kld.mean / computed.kld,
    measured.perplexity.reference / computed.reference,
    measured.perplexity.candidate / computed.candidate,
  ]
  for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(0.01)
  expect(computed.kld).toBeGreaterThan(1e-3)
}

describe('a comparison in llama.cpp and an independent computation agree within 1 % on divergence and perplexity', () => {
  // With more bits the rounding of activations is a large part of the divergence, and by chance differs from one arithmetic to another.
  it('of a file with few bits', () => expectAgreement(COARSE, 'rounded'), 180_000)

  it('of the weights of a file with more bits', () => expectAgreement(TWIN, 'exact'), 180_000)
})
