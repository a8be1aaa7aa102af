import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { parseSensitivities } from '../../main/engine/allocation/damage/sensitivity-file.ts'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { sensitivitySchema } from '../support/cli-schemas.ts'
import { smallDisk } from '../support/small-disk.ts'
import { workFiles, writeText } from '../support/llama-services.ts'
import { writeTinyLlama } from '../support/tiny-llama.ts'

const cli = new CommandLine()
afterAll(() => cli.remove())

const model = cli.path('tiny.gguf')
writeTinyLlama(model, { vocabulary: 300 })
const text = writeText(cli.folder)
const LENGTH = ['--text', text, '--context', '32', '--threads', '1'] as const

describe('sensitivity', () => {
  it('tells what it will take, measures, and writes what plans read', async () => {
    const output = cli.path('alpha.json')
    const args = ['sensitivity', model, ...LENGTH, '--tokens', '100', '--formats', 'Q4_0,Q8_0', '-o', output]
    const { code, stdout, stderr } = await cli.run(...args, '--json')
    expect(code).toBe(0)
    const { estimate, findings, ...sensitivities } = sensitivitySchema.parse(JSON.parse(stdout))
    expect(sensitivities).toMatchObject({ model: 'tiny', tokens: 96, context: 32 })
    expect(sensitivities.groups).toHaveLength(18)
    expect(findings).toEqual([])
    expect(estimate).toMatchObject({ groups: 9, known: 0, evaluations: 18, tokensPerEvaluation: 96 })
    expect(stderr).toMatch(/^9 groups: 18 evaluations of 96 tokens; about \d+:\d\d at \S+ tokens\/s, .*temporary files$/m) // prettier-ignore
    expect(stderr.indexOf('9 groups')).toBeLessThan(stderr.indexOf('Measure sensitivities'))
    expect(parseSensitivities(readFileSync(output, 'utf8'), output)).toEqual(sensitivities)
    expect(workFiles(cli.data)).toEqual([])
  })

  it('measures nothing twice', async () => {
    const args = ['sensitivity', model, ...LENGTH, '--tokens', '64', '--formats', 'Q4_0']
    const first = sensitivitySchema.parse(await cli.json(...args))
    const { stdout, stderr } = await cli.run(...args)
    expect(stderr).toContain('All of 9 groups are known; nothing is to be measured.')
    expect(stdout).toMatch(/^tensors +format +relative error +KL divergence +perplexity +sensitivity +±$/m)
    expect(stdout).toMatch(/^output\.weight +Q4_0 /m)
    const again = sensitivitySchema.parse(await cli.json(...args))
    expect(again.groups).toEqual(first.groups)
    expect(again.estimate).toMatchObject({ known: 9, evaluations: 0 })
  })

  it('keeps what was measured at Ctrl+C, says so, and goes on there', async () => {
    const args = ['sensitivity', SAMPLE, ...LENGTH, '--tokens', '64', '--json']
    const { child, ended, printed } = cli.start(args)
    await printed(/Measure sensitivities by Q4_K [1-9]\d* %/)
    child.kill('SIGINT')
    const { code, stdout, stderr } = await ended
    expect([code, stdout]).toEqual([130, ''])
    const kept = Number(/^Stopped; (\d+) of 44 measurements are kept for the next run\.$/m.exec(stderr)?.[1])
    expect(kept).toBeGreaterThan(0)
    expect(workFiles(cli.data)).toEqual([])
    const { estimate, groups } = sensitivitySchema.parse(await cli.json(...args.slice(0, -1)))
    expect(estimate).toMatchObject({ known: kept, evaluations: 44 - kept })
    expect(groups).toHaveLength(44)
  })
})

describe('what sensitivity refuses in one line', () => {
  const complaint = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cli.run('sensitivity', ...args)
    const lines = stderr.split('\n').filter((line) => line.startsWith('quantaloupe: '))
    expect([code, stdout, lines.length]).toEqual([1, '', 1])
    return lines[0]!
  }

  it('a model that is quantized already', async () => {
    const quantized = cli.path('quantized.gguf')
    await cli.run('export', model, '--preset', 'Q8_0', '-o', quantized)
    expect(await complaint(quantized, ...LENGTH)).toMatch(/unquantized weights.*Q8_0.*F32, F16 or BF16/)
  })

  it('a disk without room for the copy, and leaves nothing there', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === null) return skip('needs the right to mount a small disk')
    const { ended } = cli.start(['sensitivity', SAMPLE, ...LENGTH, '--tokens', '64'], {
      env: { QUANTALOUPE_HOME: disk },
    })
    const { code, stderr } = await ended
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^quantaloupe: There is not enough room/m)])
    expect(workFiles(disk)).toEqual([])
  })

  it('a text shorter than a context, an output without a folder, an unknown format', async () => {
    const short = cli.path('short.txt')
    writeFileSync(short, 'Over.')
    expect(await complaint(model, '--text', short)).toMatch(/5 bytes.*at least 512 tokens/)
    expect(await complaint(model, ...LENGTH, '-o', cli.path('none/alpha.json'))).toMatch(/no folder/)
    expect(await complaint(model, ...LENGTH, '--formats', 'Q9')).toMatch(/no such format.*Q9/)
    expect(await complaint(model, ...LENGTH, '--tokens', '16')).toMatch(/16 tokens fill no chunk/)
  })
})
