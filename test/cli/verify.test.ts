import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { summarizeComparison } from '../../main/llama/index.ts'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { verifySchema } from '../support/cli-schemas.ts'
import { compareAll, testComparison } from '../support/comparisons.ts'
import { tinyLlama, workFiles, writeText } from '../support/llama-services.ts'
import { testFolder, writeSmallModel } from '../support/services.ts'
import { writeTinyLlama } from '../support/tiny-llama.ts'

const cli = new CommandLine()
afterAll(() => cli.remove())

const [reference, candidate] = [cli.path('reference.gguf'), cli.path('candidate.gguf')]
const text = writeText(cli.folder)
beforeAll(async () => {
  writeTinyLlama(reference, { vocabulary: 300 })
  const { code, stderr } = await cli.run('export', reference, '--preset', 'Q4_0', '-o', candidate)
  expect([code, stderr.includes('quantaloupe:')]).toEqual([0, false])
})

const verify = (...options: readonly string[]) => ['verify', reference, candidate, '--text', text, ...options]

describe('verify', () => {
  it('prints what llama.cpp says of both models', async () => {
    const options = ['--context', '64', '--chunks', '3', '--threads', '1']
    const document = verifySchema.parse(await cli.json(...verify(...options)))
    expect(document).toMatchObject({
      reference,
      candidate,
      context: 64,
      tokens: 192,
      text: { name: 'text.txt' },
    })
    const comparison = await testComparison({ referencePath: reference, chunks: 3 })
    const { tokens, scoredTokens, perplexity, kld, sameTopToken } = summarizeComparison(
      await compareAll(comparison, candidate),
    )
    expect(kld.mean).toBeGreaterThan(1e-5)
    expect(document).toMatchObject({ tokens, scoredTokens, perplexity, kld, sameTopToken })
    expect(workFiles(cli.data)).toEqual([])
  })

  it('shows the figures and the progress to people', async () => {
    const { code, stdout, stderr } = await cli.run(...verify('--context', '32', '--threads', '1'))
    expect(code).toBe(0)
    expect(stdout).toMatch(/^perplexity +[\d.]+, the reference has [\d.]+$/m)
    expect(stdout).toMatch(/^KL divergence +\S+ ± \S+ nats in the mean$/m)
    expect(stdout).toMatch(/^same top token +[\d.]+ %$/m)
    expect(stdout).toMatch(/^measured on +text\.txt, \d+ tokens in chunks of 32, \d+ scored$/m)
    expect(stderr).toMatch(/^Verify candidate\.gguf \d+ %/m)
  })

  it('stops at Ctrl+C without a result', async () => {
    const long = writeText(testFolder(), 8)
    const args = ['verify', SAMPLE, SAMPLE, '--text', long, '--context', '32', '--threads', '1']
    const { child, ended, printed } = cli.start(args)
    await printed(/Verify \S+: KL divergence so far \S+ nats in the mean \d+ %/)
    child.kill('SIGINT')
    const { code, stdout, stderr } = await ended
    expect([code, stdout]).toEqual([130, ''])
    expect(stderr).not.toContain('quantaloupe:')
    expect(workFiles(cli.data)).toEqual([])
  })
})

describe('what verify refuses in one line', () => {
  const complaint = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cli.run(...args)
    const lines = stderr.split('\n').filter((line) => line.startsWith('quantaloupe: '))
    expect([code, stdout, lines.length]).toEqual([1, '', 1])
    return lines[0]!
  }

  it('a text that fills no chunk, with what is needed', async () => {
    const short = cli.path('short.txt')
    writeFileSync(short, 'It was over before it began.')
    const args = ['verify', reference, candidate, '--text', short]
    expect(await complaint(...args)).toMatch(
      /only 28 bytes.*at least 512 tokens.*longer text or a smaller context/,
    )
  })

  it('a candidate that llama.cpp does not load, with its own words', async () => {
    const broken = writeSmallModel(cli.folder)
    expect(await complaint('verify', reference, broken, '--text', text, '--context', '64')).toMatch(
      /llama\.cpp .*small\.gguf/,
    )
  })

  it('a candidate with another vocabulary, a missing text, a bad context', async () => {
    const other = cli.path('other.gguf')
    writeTinyLlama(other, { vocabulary: 301 })
    expect(await complaint('verify', reference, other, '--text', text, '--context', '64')).toMatch(/300|301/)
    expect(await complaint('verify', reference, tinyLlama(), '--text', cli.path('none.txt'))).toMatch(
      /none\.txt/,
    )
    expect(await complaint(...verify('--context', '7'))).toMatch(/--context.*8/)
    expect(await complaint('verify', reference, candidate)).toMatch(/--text/)
  })
})
