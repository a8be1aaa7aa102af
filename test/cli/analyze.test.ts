import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { analyzeSchema } from '../support/cli-schemas.ts'

const cli = new CommandLine()
afterAll(() => cli.remove())

const ONE = ['--tensors', 'blk.0.attn_k.weight']

describe('analyze', () => {
  it('prints one document that keeps to its schema', async () => {
    const tensors = ['--tensors', 'blk.1.attn_*.weight']
    const document = analyzeSchema.parse(
      await cli.json('analyze', SAMPLE, '--formats', 'Q8_0,Q4_K', ...tensors),
    )
    expect(document.model).toBe(SAMPLE)
    expect(document.measurements.map(({ tensor, format }) => `${tensor} ${format}`)).toEqual(
      ['q', 'k', 'v', 'output'].flatMap((role) => [
        `blk.1.attn_${role}.weight Q8_0`,
        `blk.1.attn_${role}.weight Q4_K`,
      ]),
    )
    for (const { format, relativeError, rows, sampledRows } of document.measurements) {
      expect(relativeError).toBeLessThan(format === 'Q8_0' ? 0.01 : 0.1)
      expect(relativeError).toBeGreaterThan(format === 'Q8_0' ? 0.001 : 0.03)
      expect(sampledRows).toBe(rows)
    }
  })

  it('measures nothing twice', async () => {
    const cached = async () => {
      const document = await cli.json('analyze', SAMPLE, '--formats', 'Q5_0', ...ONE)
      return analyzeSchema.parse(document).measurements.map((measurement) => measurement.cached)
    }
    expect([await cached(), await cached()]).toEqual([[false], [true]])
  })

  it('says that a sample is one', async () => {
    const tensors = ['--tensors', 'token_embd.weight']
    const document = await cli.json('analyze', SAMPLE, '--formats', 'Q4_0', '--sample', '0.1', ...tensors)
    const [measurement] = analyzeSchema.parse(document).measurements
    expect(measurement!.sampledRows).toBeLessThan(measurement!.rows)
    expect(measurement!.standardError).toBeGreaterThan(0)
  })

  it('weighs errors with an importance matrix', async () => {
    const imatrix = ['--imatrix', SAMPLE.replace(/novelist-7m-f16\.gguf$/, 'imatrix.dat')]
    const document = await cli.json('analyze', SAMPLE, '--formats', 'Q4_K', ...imatrix, ...ONE)
    expect(analyzeSchema.parse(document).measurements[0]!.weightedRelativeError).toBeGreaterThan(0)
  })

  it.each(['Q4_0', 'Q3_K', 'Q4_K'])('finds less error by optimal in the same bytes of %s', async (format) => {
    const by = async (method: string) => {
      const given = ['--formats', format, '--method', method, ...ONE]
      return analyzeSchema.parse(await cli.json('analyze', SAMPLE, ...given)).measurements[0]!
    }
    const [reference, optimal, ownTerms] = [
      await by('reference'),
      await by('optimal'),
      await by('optimal-ggml'),
    ]
    expect(optimal).toMatchObject({ method: 'optimal', bytes: reference.bytes })
    expect(optimal.relativeError).toBeLessThan(reference.relativeError!)
    expect(optimal.relativeError).toBeLessThanOrEqual(ownTerms.relativeError!)
  })

  it('prints a CSV table', async () => {
    const { stdout } = await cli.run('analyze', SAMPLE, '--formats', 'Q4_K', '--csv', ...ONE)
    const [header, row] = stdout.split('\n')
    expect(header).toMatch(/^tensor,format,effectiveFormat,method,bytes,bpw,mse,/)
    expect(row).toMatch(/^blk\.0\.attn_k\.weight,Q4_K,Q4_K,reference,18432,4\.5,/)
  })

  it('prints progress as plain lines, away from the result', async () => {
    const { stdout, stderr } = await cli.run('analyze', SAMPLE, '--formats', 'Q5_1', '--json')
    expect(analyzeSchema.safeParse(JSON.parse(stdout)).success).toBe(true)
    expect(stderr).toMatch(/^Measure Q5_1 \d+ %/)
    expect(stderr).not.toContain('\u001b')
  })

  it('prints no progress when quiet', async () => {
    const { stderr } = await cli.run('analyze', SAMPLE, '--formats', 'Q5_K', '--quiet')
    expect(stderr).toBe('')
  })

  it('stops at Ctrl+C', async () => {
    const formats = 'Q6_K,Q4_1,Q4_0,BF16'
    const { child, ended, printed } = cli.start(['analyze', SAMPLE, '--formats', formats])
    await printed(/Measure/)
    child.kill('SIGINT')
    const { code, stdout } = await ended
    expect([code, stdout]).toEqual([130, ''])
  })

  it('goes on with a new cache when the old one is damaged, and says so', async () => {
    const damaged = new CommandLine()
    mkdirSync(damaged.data)
    writeFileSync(join(damaged.data, 'cache.sqlite'), 'no database '.repeat(1000))
    const { code, stderr } = await damaged.run('analyze', SAMPLE, '--formats', 'Q4_K', ...ONE)
    expect(code).toBe(0)
    expect(stderr).toMatch(/^note: .*cache\.sqlite.* was damaged/m)
    expect(readdirSync(damaged.data).some((name) => name.startsWith('cache.sqlite.damaged'))).toBe(true)
    damaged.remove()
  })

  it('gives the same figures with one thread and with two', async () => {
    const figures = async (threads: string) => {
      const fresh = new CommandLine()
      const document = await fresh.json('analyze', SAMPLE, '--formats', 'Q4_K', '--threads', threads, ...ONE)
      fresh.remove()
      return analyzeSchema.parse(document).measurements
    }
    expect(await figures('1')).toEqual(await figures('2'))
  })
})
