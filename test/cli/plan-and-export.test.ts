import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { diffSchema, dryRunSchema, exportSchema, inspectSchema, planSchema } from '../support/cli-schemas.ts'

const cli = new CommandLine()
const [PLAN, RECIPE, OUT] = [cli.path('plan.json'), cli.path('recipe.txt'), cli.path('out.gguf')]
const PINS = ['--pin', 'blk.*.attn_v.weight=Q6_K', '--pin', 'output.weight=Q8_0']

let plan: unknown
beforeAll(async () => {
  plan = await cli.json('plan', SAMPLE, '--preset', 'Q4_K', ...PINS, '-o', PLAN, '--recipe', RECIPE)
})
afterAll(() => cli.remove())

describe('plan', () => {
  it('prints one document that keeps to its schema', () => {
    const formats = new Map(planSchema.parse(plan).tensors.map((tensor) => [tensor.name, tensor.format]))
    expect(formats.get('blk.0.attn_v.weight')).toBe('Q6_K')
    expect(formats.get('blk.0.attn_q.weight')).toBe('Q4_K')
    expect(formats.get('output.weight')).toBe('Q8_0')
    expect(formats.get('blk.0.attn_norm.weight')).toBe('F32')
  })

  it('writes the same plan to a file', () => {
    expect(JSON.parse(readFileSync(PLAN, 'utf8'))).toEqual(plan)
  })

  it('writes a recipe that llama-quantize takes', () => {
    const lines = readFileSync(RECIPE, 'utf8').trimEnd().split('\n')
    expect(lines).toHaveLength(44)
    expect(lines).toContain('^blk\\.3\\.attn_v\\.weight$=q6_k')
    for (const line of lines) expect(() => new RegExp(line.split('=')[0]!)).not.toThrow()
  })
})

describe('export', () => {
  it('tells the exact size without writing', async () => {
    const before = readdirSync(cli.folder)
    const document = dryRunSchema.parse(
      await cli.json('export', SAMPLE, '--plan', PLAN, '-o', OUT, '--dry-run'),
    )
    expect(document.fileBytes).toBe(planSchema.parse(plan).fileBytes)
    expect(readdirSync(cli.folder)).toEqual(before)
  })

  it('writes what the plan says, byte for byte as long as it said', async () => {
    const document = exportSchema.parse(await cli.json('export', SAMPLE, '--plan', PLAN, '-o', OUT))
    expect(document.fileBytes).toBe(planSchema.parse(plan).fileBytes)
    expect(statSync(OUT).size).toBe(document.fileBytes)
    expect(createHash('sha256').update(readFileSync(OUT)).digest('hex')).toBe(document.sha256)
    const { tensors } = inspectSchema.parse(await cli.json('inspect', OUT))
    const written = tensors.map(({ name, type, bytes }) => ({ name, format: type, bytes }))
    expect(written).toEqual(document.tensors.map(({ name, format, bytes }) => ({ name, format, bytes })))
  })

  it('sets metadata, and counts it in the size it tells', async () => {
    const target = cli.path('named.gguf')
    const settings = ['general.name=string:A = b: c', 'my.seed=u64:18446744073709551615', 'my.rate=f32:0.5']
    const args = ['export', SAMPLE, '--plan', PLAN, '-o', target, ...settings.flatMap((kv) => ['--kv', kv])]
    const { fileBytes } = dryRunSchema.parse(await cli.json(...args, '--dry-run'))
    await cli.json(...args)
    expect(statSync(target).size).toBe(fileBytes)
    const { metadata } = inspectSchema.parse(await cli.json('inspect', target))
    expect(metadata).toMatchObject({
      'general.name': { type: 'string', value: 'A = b: c' },
      'my.seed': { type: 'u64', value: '18446744073709551615' },
      'my.rate': { type: 'f32', value: 0.5 },
    })
  })

  it('replaces no file unless it is told to', async () => {
    const before = readFileSync(OUT)
    const refused = await cli.run('export', SAMPLE, '--preset', 'Q8_0', '-o', OUT)
    expect([refused.code, readFileSync(OUT).equals(before)]).toEqual([1, true])
    const replaced = await cli.run('export', SAMPLE, '--preset', 'Q8_0', '-o', OUT, '--overwrite')
    expect([replaced.code, readFileSync(OUT).equals(before)]).toEqual([0, false])
  })

  it('quantizes nothing twice unless it is told to', async () => {
    const again = cli.path('again.gguf')
    const refused = await cli.run('export', OUT, '--preset', 'Q4_0', '-o', again)
    expect([refused.code, existsSync(again)]).toEqual([1, false])
    const allowed = await cli.run('export', OUT, '--preset', 'Q4_0', '-o', again, '--allow-requantize')
    expect(allowed.code).toBe(0)
  })

  it('leaves nothing behind when it is stopped', async () => {
    const target = cli.path('stopped.gguf')
    const { child, ended, printed } = cli.start(['export', SAMPLE, '--preset', 'Q4_K', '-o', target])
    await printed(/Export/)
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    expect(readdirSync(cli.folder).filter((name) => name.includes('stopped'))).toEqual([])
  })
})

describe('diff', () => {
  it('prints one document that keeps to its schema', async () => {
    const document = diffSchema.parse(await cli.json('diff', SAMPLE, OUT))
    const tensors = new Map(document.tensors.map((tensor) => [tensor.name, tensor]))
    expect(document.tensors).toHaveLength(57)
    expect(tensors.get('output_norm.weight')).toMatchObject({ status: 'compared', relativeError: 0 })
    expect(tensors.get('output.weight')).toMatchObject({ a: { type: 'F16' }, b: { type: 'Q8_0' } })
    expect(tensors.get('output.weight')!.relativeError).toBeLessThan(0.01)
    expect(tensors.get('output.weight')!.relativeError).toBeGreaterThan(0)
  })

  it('finds a model equal to itself', async () => {
    const { tensors } = diffSchema.parse(await cli.json('diff', SAMPLE, SAMPLE))
    expect(tensors.every(({ relativeError }) => relativeError === 0)).toBe(true)
  })
})
