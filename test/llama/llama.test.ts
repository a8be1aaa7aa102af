import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_TEXT } from '../../main/cli/demo-text.ts'
import { generate, perplexity } from '../../main/llama/index.ts'
import type { LlamaProgress } from '../../main/llama/protocol.ts'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { ROOT } from '../support/imports.ts'
import { SAMPLE_FOLDER } from '../support/sample-model.ts'

const LLAMA = { processUrl: new URL('../../main/llama/llama-process.ts', import.meta.url) }
const IMATRIX = join(SAMPLE_FOLDER, 'imatrix.gguf')
const EVAL_TEXT = join(ROOT, '../shared/models/novelist-7m/eval.txt')

const cli = new CommandLine()
const [EXACT, MIXED] = [cli.path('q8.gguf'), cli.path('mixed.gguf')]
/** What `optimal` chooses for presets of one-scale, nested and codebook formats. */
const OPTIMAL = ['Q4_0', 'Q3_K_S', 'Q4_K_M', 'IQ4_NL', 'IQ3_XXS', 'TQ2_0'].map(
  (preset) => [preset, cli.path(`${preset}.gguf`)] as const,
)
beforeAll(async () => {
  const plan = cli.path('plan.json')
  await cli.run('export', SAMPLE, '--preset', 'Q8_0', '-o', EXACT)
  await cli.run(
    'plan',
    SAMPLE,
    '--preset',
    'Q4_K',
    '--pin',
    'output.weight=Q6_K',
    '--pin',
    'blk.0.*=Q5_0',
    '-o',
    plan,
  )
  await cli.run('export', SAMPLE, '--plan', plan, '-o', MIXED)
  for (const [preset, path] of OPTIMAL) {
    await cli.run(
      'export',
      SAMPLE,
      '--preset',
      preset,
      '--method',
      'optimal',
      '--imatrix',
      IMATRIX,
      '-o',
      path,
    )
  }
})
afterAll(() => cli.remove())

const measure = (modelPath: string, text = DEMO_TEXT, context = 128) =>
  perplexity({ modelPath, text, context, threads: 1 }, LLAMA)

describe('an exported model in llama.cpp', () => {
  it.each([
    ['Q8_0', EXACT] as const,
    ['mixed types', MIXED] as const,
    ...OPTIMAL.map(([preset, path]) => [`${preset} by optimal`, path] as const),
  ])('loads and writes text: %s', async (_name, modelPath) => {
    const { text, tokens } = await generate(
      { modelPath, prompt: 'The old lady', tokens: 16, threads: 1 },
      LLAMA,
    )
    expect(tokens).toBe(16)
    expect(text).toMatch(/^[ ,.;]?[\w\s,.;:'"!?-]{20,}$/)
  })

  it('has the perplexity of its source with Q8_0, and a little more with fewer bits', async () => {
    const source = await measure(SAMPLE)
    const exact = await measure(EXACT)
    const mixed = await measure(MIXED)
    expect(source.scoredTokens).toBeGreaterThan(300)
    expect(Math.abs(exact.perplexity / source.perplexity - 1)).toBeLessThan(0.005)
    expect(Math.abs(mixed.perplexity / source.perplexity - 1)).toBeLessThan(0.05)
    expect(mixed.perplexity).not.toBe(source.perplexity)
  })
})

describe('perplexity', () => {
  it.skipIf(!existsSync(EVAL_TEXT))(
    'is that of another implementation on held-out text (skipped without ../shared)',
    async () => {
      // The first 32 chunks of 256 tokens; the model's README has 47.97 for them from a separate implementation.
      const text = readFileSync(EVAL_TEXT, 'utf8')
      const task = { modelPath: SAMPLE, text, context: 256, chunks: 32, threads: 1 }
      const { perplexity: value, scoredTokens } = await perplexity(task, LLAMA)
      expect(scoredTokens).toBe(32 * 127)
      expect(Math.abs(value - 47.97)).toBeLessThan(0.01)
    },
    180_000,
  )

  it('reports chunks as they are done', async () => {
    const seen: LlamaProgress[] = []
    const task = { modelPath: SAMPLE, text: DEMO_TEXT, context: 128, chunks: 2, threads: 1 }
    const { chunks, scoredTokens } = await perplexity(task, {
      ...LLAMA,
      onProgress: (state) => seen.push(state),
    })
    expect([chunks, scoredTokens]).toEqual([2, 2 * 63])
    expect(seen).toEqual([
      { done: 1, total: 2 },
      { done: 2, total: 2 },
    ])
  })

  it('refuses a text that fills no chunk', async () => {
    await expect(measure(SAMPLE, 'Too short.')).rejects.toMatchObject({ code: 'TEXT_TOO_SHORT' })
  })

  it('stops when it is told to', async () => {
    const controller = new AbortController()
    const options = { ...LLAMA, signal: controller.signal, onProgress: () => controller.abort() }
    const running = perplexity({ modelPath: SAMPLE, text: DEMO_TEXT, context: 64, threads: 1 }, options)
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('a failure of llama.cpp', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quantaloupe-llama-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('to load a file is a message that names the file', async () => {
    const path = join(folder, 'text.gguf')
    writeFileSync(path, 'not a model')
    const expected = { code: 'MODEL_REFUSED', details: { place: path } }
    await expect(measure(path)).rejects.toMatchObject(expected)
  })

  it('to stay alive is a message too', async () => {
    const script = join(folder, 'crash.mjs')
    writeFileSync(script, `process.once('message', () => { console.error('out of luck'); process.abort() })`)
    const crashing = { processUrl: pathToFileURL(script) }
    const task = { modelPath: '/models/a.gguf', text: 'x', context: 64, threads: 1 }
    await expect(perplexity(task, crashing)).rejects.toMatchObject({
      code: 'LLAMA_CRASHED',
      details: { place: '/models/a.gguf' },
    })
    await expect(perplexity(task, crashing)).rejects.toThrow(/SIGABRT|exit code/)
  })
})
