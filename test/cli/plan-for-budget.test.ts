import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { exportSchema, planSchema } from '../support/cli-schemas.ts'
import { ROOT } from '../support/imports.ts'

const cli = new CommandLine()
const IMATRIX = join(ROOT, 'test/models/novelist-7m/imatrix.gguf')
const POOL = ['--formats', 'Q3_K,Q4_K,Q5_K,Q6_K,Q8_0', '--imatrix', IMATRIX]
const WEIGHTS = 6_819_072

type Plan = ReturnType<typeof planSchema.parse>

async function plan(...args: readonly string[]): Promise<Plan> {
  return planSchema.parse(await cli.json('plan', SAMPLE, ...POOL, ...args))
}

const preset = async (name: string, ...args: readonly string[]): Promise<Plan> =>
  planSchema.parse(await cli.json('plan', SAMPLE, '--preset', name, '--imatrix', IMATRIX, ...args))

const formatOf = ({ tensors }: Plan, name: string): string | undefined =>
  tensors.find((tensor) => tensor.name === name)?.format

const formatsOf = ({ tensors }: Plan, pattern: RegExp): readonly string[] => [
  ...new Set(tensors.filter(({ name }) => pattern.test(name)).map(({ format }) => format)),
]

/** Also measures what the other tests need. */
let first: { readonly code: number | null; readonly stdout: string; readonly stderr: string }
beforeAll(async () => {
  first = await cli.run('plan', SAMPLE, ...POOL, '--bpw', '4.75')
})
afterAll(() => cli.remove())

describe('a plan for a budget', () => {
  it('measures what is missing, then shows shares, size, prediction and bound in words', () => {
    expect(first.code).toBe(0)
    expect(first.stderr).toMatch(/^Measure .*Q4_K/m)
    expect(first.stdout).toMatch(/^format +tensors +size +share$/m)
    expect(first.stdout).toMatch(/^Q4_K +\d+ +[\d.]+ MiB +[\d.]+ %$/m)
    expect(first.stdout).toMatch(/^file of exactly \d+ bytes \([\d.]+ MiB\), 4\.7\d bits per weight$/m)
    expect(first.stdout).toMatch(/^predicted damage: [\d.e-]+, by role priors\. .*guess/m)
    expect(first.stdout).toMatch(/^lower bound: /m)
  })

  it('measures nothing twice', async () => {
    const { stderr } = await cli.run('plan', SAMPLE, ...POOL, '--bpw', '5')
    expect(stderr).not.toContain('Measure')
  })

  it('keeps to the bits per weight, and tells the bound', async () => {
    const result = await plan('--bpw', '4.75')
    expect(result.bpw).toBeLessThanOrEqual(4.75)
    expect(result.bpw).toBeGreaterThan(4.7)
    expect(result.damageModel).toBe('priors')
    expect(result.lowerBound).toBeLessThanOrEqual(result.predictedDamage!)
    expect(result.gap).toBeLessThanOrEqual(0.001)
    const damages = result.tensors.reduce((sum, { damage }) => sum + damage!, 0)
    expect(result.predictedDamage).toBeCloseTo(damages, 10)
  })

  it('keeps to the size of the file, to the byte', async () => {
    const path = cli.path('sized.json')
    const result = await plan('--size', '4.1MiB', '-o', path)
    expect(result.fileBytes).toBeLessThanOrEqual(4.1 * 2 ** 20)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(result)
    const out = cli.path('sized.gguf')
    const args = ['export', SAMPLE, '--plan', path, '--imatrix', IMATRIX, '-o', out]
    expect(exportSchema.parse(await cli.json(...args)).fileBytes).toBe(result.fileBytes)
    expect(statSync(out).size).toBe(result.fileBytes)
  })

  it('has no more predicted damage than a preset in no larger a file', async () => {
    const q4 = await preset('Q4_K_M')
    const ours = await plan('--size', String(q4.fileBytes))
    expect(ours.fileBytes).toBeLessThanOrEqual(q4.fileBytes)
    expect(ours.predictedDamage).toBeLessThan(q4.predictedDamage!)
  })

  it('leaves room for the context in the memory', async () => {
    const args = ['--memory', '6MiB', '--context', '512']
    const result = await plan(...args)
    // 6 layers, 4 heads, 64 + 64 numbers, 2 bytes.
    const { stdout } = await cli.run('plan', SAMPLE, ...POOL, ...args)
    const [, keyBytes = ''] = /keys and values: .* = (\d+) bytes\./.exec(stdout) ?? []
    const weights = result.tensors.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(Number(keyBytes)).toBeGreaterThan(0)
    expect(weights + Number(keyBytes)).toBeLessThanOrEqual(6 * 2 ** 20)
    const quantized = await plan(...args, '--cache-type', 'Q4_0')
    expect(quantized.bpw).toBeGreaterThan(result.bpw)
  })

  it('writes a recipe of all that it may change', async () => {
    const recipe = cli.path('recipe.txt')
    const result = await plan('--bpw', '5', '--recipe', recipe)
    const lines = readFileSync(recipe, 'utf8').trimEnd().split('\n')
    expect(lines).toHaveLength(44)
    expect(lines).toContain(`^output\\.weight$=${formatOf(result, 'output.weight')!.toLowerCase()}`)
    const args = [
      'export',
      SAMPLE,
      '--plan',
      recipe,
      '--imatrix',
      IMATRIX,
      '-o',
      cli.path('r.gguf'),
      '--dry-run',
    ]
    expect(await cli.json(...args)).toMatchObject({ fileBytes: result.fileBytes })
  })
})

describe('what a search may do', () => {
  it('pins, the last one strongest', async () => {
    const result = await plan('--bpw', '5', '--pin', 'blk.*.attn_v.weight=Q8_0', '--pin', 'blk.0.*_v.*=Q5_K')
    expect(formatOf(result, 'blk.0.attn_v.weight')).toBe('Q5_K')
    expect(formatOf(result, 'blk.1.attn_v.weight')).toBe('Q8_0')
  })

  it('leaves excluded tensors as they are stored', async () => {
    const result = await plan('--bpw', '7', '--exclude', 'output.weight', '--exclude', 'blk.0.attn_*')
    expect(formatsOf(result, /^(output\.weight|blk\.0\.attn_[qkvo])/)).toEqual(['F16'])
  })

  it('gives all of a group one format', async () => {
    const result = await plan('--bpw', '4.6', '--group', 'blk.*.ffn_*', '--group', 'blk.*.attn_*')
    expect(formatsOf(result, /ffn_(gate|up|down)\.weight/)).toHaveLength(1)
    expect(formatsOf(result, /attn_[qkvo].*\.weight/).filter((format) => format !== 'F32')).toHaveLength(1)
  })

  it('gives no tensor fewer bits than its minimum', async () => {
    const free = await plan('--bpw', '4.2')
    expect(formatsOf(free, /ffn_down/)).toContain('Q3_K')
    const result = await plan('--bpw', '4.2', '--minimum', 'blk.*.ffn_down.weight=Q5_K')
    expect(formatsOf(result, /ffn_down/)).not.toContain('Q3_K')
    expect(formatsOf(result, /ffn_down/)).not.toContain('Q4_K')
  })

  it('spends more on tensors whose damage counts more', async () => {
    const args = ['--bpw', '4.4', '--multiplier', 'blk.3.*=1000']
    expect(formatsOf(await plan(...args), /^blk\.3\..*(ffn_|attn_[qkvo])\w*\.weight$/)).toEqual(
      expect.not.arrayContaining(['Q3_K', 'Q4_K']),
    )
  })

  it('measures a sample of the rows where it is told to, and says so', async () => {
    const args = ['plan', SAMPLE, '--formats', 'Q4_0,Q5_0', '--bpw', '5', '--sample', '0.25']
    const { code, stdout } = await cli.run(...args)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\d+ of \d+ errors are estimates from a sample of the rows$/m)
  })

  it('takes a method and a target by name', async () => {
    const result = await plan('--bpw', '5', '--method', 'reference', '--target', 'ik_llama.cpp')
    expect(new Set(result.tensors.map(({ method }) => method))).toEqual(new Set(['reference', null]))
  })
})

describe('the damage of a plan', () => {
  it.each(['error', 'importance', 'priors'] as const)('is predicted by %s', async (model) => {
    const result = await plan('--bpw', '4.75', '--damage', model)
    expect(result.damageModel).toBe(model)
    expect(result.predictedDamage).toBeGreaterThan(0)
  })

  it('is predicted by sensitivities from a file, in nats', async () => {
    const { tensors } = await plan('--bpw', '4.75')
    const names = tensors.filter(({ method }) => method !== null).map(({ name }) => name)
    const groups = names.map((name) => ({
      tensors: [name],
      format: 'Q4_K',
      relativeError: 0.07,
      weightedRelativeError: 0.07,
      kld: name === 'output.weight' ? 0.5 : 0.001,
      perplexityChange: 0.01,
      alpha: name === 'output.weight' ? 10_000 : 0.2,
      standardError: 0.01,
    }))
    const file = cli.path('alpha.json')
    writeFileSync(
      file,
      JSON.stringify({ schema: 1, model: 'novelist-7m', tokens: 4096, context: 512, groups }),
    )
    const result = await plan('--bpw', '4.75', '--sensitivity', file)
    expect(result.damageModel).toBe('measured')
    expect(formatOf(result, 'output.weight')).toBe('Q8_0')
    const { stdout } = await cli.run('plan', SAMPLE, ...POOL, '--bpw', '4.75', '--sensitivity', file)
    expect(stdout).toMatch(
      /^predicted damage: [\d.e-]+ nats, by measured sensitivities of 44 of 44 tensors\./m,
    )
  })

  it('of a preset is known when its formats are measured, and said to be unknown otherwise', async () => {
    const known = await preset('Q4_K_M', '--pin', 'output.weight=Q8_0')
    expect(known.predictedDamage).toBeGreaterThan(0)
    expect([known.lowerBound, known.gap]).toEqual([null, null])
    const unknown = await preset('IQ4_NL')
    expect(unknown.predictedDamage).toBeNull()
    const { stdout } = await cli.run('plan', SAMPLE, '--preset', 'IQ4_NL')
    expect(stdout).toMatch(/^predicted damage: not known, for \d+ tensors are not measured/m)
  })
})

describe('a preset', () => {
  it('is the mix of llama.cpp, or with --pure one format', async () => {
    const mixed = await preset('Q4_K_M')
    expect(formatOf(mixed, 'output.weight')).toBe('Q6_K')
    expect(formatOf(mixed, 'blk.0.attn_q.weight')).toBe('Q4_K')
    const pure = await preset('Q4_K_M', '--pure')
    expect(formatsOf(pure, /^(output|token_embd|blk\.\d\.(attn_[qkvo]|ffn_(up|gate|down)))/)).toContain(
      'Q4_K',
    )
    expect(pure.tensors.filter(({ format }) => format === 'Q6_K')).toEqual([])
  })

  it('follows other rules when it is given an imatrix', async () => {
    const without = planSchema.parse(await cli.json('plan', SAMPLE, '--preset', 'IQ3_XXS'))
    expect(formatsOf(without, /ffn_down/)).toEqual(['Q3_K'])
    expect(formatsOf(await preset('IQ3_XXS'), /ffn_down/)).toEqual(['IQ3_XXS'])
  })

  it('leaves excluded tensors as they are stored', async () => {
    expect(formatOf(await preset('Q4_K_M', '--exclude', 'output.weight'), 'output.weight')).toBe('F16')
  })

  it('is exported as it is planned, mixed and pure', async () => {
    for (const pure of [[], ['--pure']]) {
      const args = ['export', SAMPLE, '--preset', 'Q5_K_M', ...pure, '-o', cli.path('p.gguf'), '--dry-run']
      const { fileBytes } = planSchema.parse(await cli.json('plan', SAMPLE, '--preset', 'Q5_K_M', ...pure))
      expect(await cli.json(...args)).toMatchObject({ fileBytes })
    }
  })
})

describe('a budget out of reach', () => {
  const REACH = /from \d+ bytes \([\d.]+ bits per weight\) to \d+ bytes/

  it.each([
    ['small', ['--size', '1MB'], REACH],
    ['large', ['--size', '1GB'], REACH],
    ['few bits', ['--bpw', '2'], /from [\d.]+ bits per weight to [\d.]+ bits per weight/],
    ['little memory', ['--memory', '1MB', '--context', '512'], /from \d+ bytes of memory/],
  ])('because it is too %s names the range, and writes nothing', async (_, budget, range) => {
    const path = cli.path('never.json')
    const { code, stdout, stderr } = await cli.run('plan', SAMPLE, ...POOL, ...budget, '-o', path)
    expect([code, stdout, existsSync(path)]).toEqual([1, '', false])
    expect(stderr).toMatch(range)
  })

  it('names the range that can be reached: its ends are', async () => {
    const { stderr } = await cli.run('plan', SAMPLE, ...POOL, '--size', '1MB')
    const [, least = ''] = /from (\d+) bytes/.exec(stderr) ?? []
    expect((await plan('--size', least)).fileBytes).toBe(Number(least))
    expect((await cli.run('plan', SAMPLE, ...POOL, '--size', String(Number(least) - 1))).code).toBe(1)
  })

  it('because of pins names them, and the smallest budget that meets them', async () => {
    const pins = ['--pin', 'output.weight=Q8_0', '--pin', 'token_embd.weight=Q8_0']
    const { code, stderr } = await cli.run('plan', SAMPLE, ...POOL, '--bpw', '3.6', ...pins)
    expect(code).toBe(1)
    expect(stderr).toContain('output.weight is pinned to Q8_0')
    expect(stderr).toContain('token_embd.weight is pinned to Q8_0')
    const [, least = ''] = /at least ([\d.]+) bits per weight/.exec(stderr) ?? []
    expect((await plan('--bpw', least, ...pins)).bpw).toBeLessThanOrEqual(Number(least))
  })
})

describe('the sample model', () => {
  it('has the weights that bits are counted over', async () => {
    const { bpw, tensors } = await plan('--bpw', '5')
    const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0)
    expect(bpw).toBeCloseTo((bytes * 8) / WEIGHTS, 10)
  })
})
