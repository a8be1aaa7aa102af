import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommandLine, SAMPLE } from '../support/cli.ts'

const cli = new CommandLine()
const at = (name: string): string => cli.path(name)

beforeAll(() => {
  mkdirSync(at('empty'))
  writeFileSync(at('text.gguf'), 'This is not a model.\n')
  writeFileSync(at('nothing.gguf'), '')
  writeFileSync(at('plan.json'), '{"schema": 1')
  writeFileSync(at('other.json'), '{"name": "not a plan"}')
  copyFileSync(SAMPLE, at('short.gguf'))
  truncateSync(at('short.gguf'), 1_000_000)
})
afterAll(() => cli.remove())

const withMetadata = (setting: string): readonly string[] =>
  ['export', SAMPLE, '--preset', 'Q4_K', '-o', 'a.gguf', '--kv', setting] // prettier-ignore

/** Arguments, and words that the one line must have: what is wrong, where, what to do. */
const CASES: Readonly<
  Record<string, readonly [args: readonly string[], ...words: readonly (string | RegExp)[]]>
> = {
  'an unknown command': [['inspct'], "unknown command 'inspct'", 'inspect'],
  'an unknown option': [['formats', '--jsn'], "unknown option '--jsn'", '--json'],
  'a missing argument': [['inspect'], 'missing required argument', 'model'],
  'an argument too many': [['inspect', SAMPLE, 'more'], 'too many arguments'],
  'threads that are no number': [['formats', '--threads', 'two'], '--threads', 'whole number'],
  'no threads at all': [['formats', '--threads', '0'], '--threads', '1 to'],
  'a missing file': [['inspect', 'missing.gguf'], at('missing.gguf'), 'no such file'],
  'a folder without models': [['inspect', 'empty'], at('empty'), 'no model'],
  'a file that is no model': [['inspect', 'text.gguf'], at('text.gguf')],
  'an empty file': [['inspect', 'nothing.gguf'], at('nothing.gguf')],
  'a file that was cut off': [['inspect', 'short.gguf'], at('short.gguf'), /byte|bytes/],
  'no formats': [['analyze', SAMPLE], '--formats'],
  'an empty list of formats': [['analyze', SAMPLE, '--formats', 'Q4_K,,Q8_0'], '--formats'],
  'an unknown format': [['analyze', SAMPLE, '--formats', 'Q4_X'], 'Q4_X', 'formats'],
  'an unknown method': [
    ['analyze', SAMPLE, '--formats', 'Q4_K', '--method', 'best'],
    '--method',
    'reference',
  ],
  'a method that the format lacks': [
    ['analyze', SAMPLE, '--formats', 'Q4_K', '--method', 'exhaustive'],
    'Q4_K',
    'exhaustive',
    'reference or optimal',
  ],
  'a sample of nothing': [['analyze', SAMPLE, '--formats', 'Q4_K', '--sample', '0'], '--sample', 'above 0'],
  'a glob without a match': [['analyze', SAMPLE, '--formats', 'Q4_K', '--tensors', 'blk.9.*'], 'blk.9.*'],
  'a missing imatrix': [['analyze', SAMPLE, '--formats', 'Q4_K', '--imatrix', 'no.dat'], at('no.dat')],
  'a file that is no imatrix': [
    ['analyze', SAMPLE, '--formats', 'Q4_K', '--imatrix', 'text.gguf'],
    at('text.gguf'),
  ],
  'a folder as imatrix': [['analyze', SAMPLE, '--formats', 'Q4_K', '--imatrix', 'empty'], at('empty')],
  'a missing covariance': [
    ['analyze', SAMPLE, '--formats', 'Q4_K', '--covariance', 'no.safetensors'],
    at('no.safetensors'),
  ],
  'a file that is no covariance': [
    ['analyze', SAMPLE, '--formats', 'Q4_K', '--covariance', 'text.gguf'],
    at('text.gguf'),
  ],
  'two output forms at once': [
    ['analyze', SAMPLE, '--formats', 'Q4_K', '--csv', '--json'],
    '--csv',
    '--json',
  ],
  'a plan for nothing': [['plan', SAMPLE], '--preset', '--bpw', '--size', '--memory'],
  'two budgets': [['plan', SAMPLE, '--bpw', '4', '--size', '3GB'], '--bpw and --size'],
  'a preset and a budget': [['plan', SAMPLE, '--preset', 'Q4_K', '--memory', '3GB'], '--preset and --memory'],
  'a budget of no bits': [['plan', SAMPLE, '--bpw', '0'], '--bpw', 'bits per weight'],
  'a size that is none': [['plan', SAMPLE, '--size', '4G'], '--size', 'GiB'],
  'a memory without a context': [['plan', SAMPLE, '--memory', '4GB'], '--context'],
  'a context without a memory': [['plan', SAMPLE, '--bpw', '4', '--context', '512'], '--context', '--memory'],
  'a context of nothing': [['plan', SAMPLE, '--memory', '4GB', '--context', '0'], '--context', '1 to'],
  'an unknown cache type': [
    ['plan', SAMPLE, '--memory', '4GB', '--context', '512', '--cache-type', 'F8'],
    '--cache-type',
    'Q8_0',
  ],
  'a cache type without a memory': [['plan', SAMPLE, '--bpw', '4', '--cache-type', 'F16'], '--cache-type'],
  'a pure budget': [['plan', SAMPLE, '--bpw', '4', '--pure'], '--pure', '--preset'],
  'formats for a preset': [['plan', SAMPLE, '--preset', 'Q4_K', '--formats', 'Q8_0'], '--formats', 'budget'],
  'a target for a preset': [['plan', SAMPLE, '--preset', 'Q4_K', '--target', 'llama.cpp'], '--target'],
  'a group for a preset': [['plan', SAMPLE, '--preset', 'Q4_K', '--group', '*'], '--group'],
  'a minimum for a preset': [['plan', SAMPLE, '--preset', 'Q4_K', '--minimum', '*=Q4_K'], '--minimum'],
  'a sample for a preset': [['plan', SAMPLE, '--preset', 'Q4_K', '--sample', '0.5'], '--sample'],
  'an unknown target': [['plan', SAMPLE, '--bpw', '4', '--target', 'vllm'], '--target', 'llama.cpp'],
  'an unknown method of a plan': [['plan', SAMPLE, '--bpw', '4', '--method', 'reference,best'], '--method'],
  'an unknown damage model': [['plan', SAMPLE, '--bpw', '4', '--damage', 'guess'], '--damage', 'priors'],
  'a damage that is not measured': [
    ['plan', SAMPLE, '--bpw', '4', '--damage', 'measured'],
    /sensitivit/i,
    'Measure',
  ],
  'sensitivities for another damage model': [
    ['plan', SAMPLE, '--bpw', '4', '--damage', 'priors', '--sensitivity', 'a.json'],
    '--sensitivity',
    '--damage priors',
  ],
  'missing sensitivities': [['plan', SAMPLE, '--bpw', '4', '--sensitivity', 'no.json'], at('no.json')],
  'a file that is no sensitivities': [
    ['plan', SAMPLE, '--bpw', '4', '--sensitivity', 'other.json'],
    at('other.json'),
  ],
  'an unknown format to choose from': [['plan', SAMPLE, '--bpw', '4', '--formats', 'Q4_K,Q9'], 'Q9'],
  'an exclusion without a match': [['plan', SAMPLE, '--bpw', '4', '--exclude', 'outptu.*'], 'outptu.*'],
  'a group without a match': [['plan', SAMPLE, '--bpw', '4', '--group', 'blk.9.*'], 'blk.9.*'],
  'a minimum without a format': [['plan', SAMPLE, '--bpw', '4', '--minimum', 'output.weight'], '--minimum'],
  'a minimum of an unknown format': [['plan', SAMPLE, '--bpw', '4', '--minimum', 'output.*=Q9'], 'Q9'],
  'a multiplier that is no number': [
    ['plan', SAMPLE, '--bpw', '4', '--multiplier', 'output.weight=much'],
    '--multiplier',
    'much',
  ],
  'pins that contradict each other': [
    ['plan', SAMPLE, '--bpw', '4', '--pin', 'output.weight=Q8_0', '--exclude', 'output.weight'],
    'output.weight',
    'Drop one',
  ],
  'an unknown preset': [['plan', SAMPLE, '--preset', 'Q4_KX'], 'Q4_KX', 'Q4_K_M'],
  'a pin without a format': [['plan', SAMPLE, '--preset', 'Q4_K', '--pin', 'output.weight'], '--pin', 'Q6_K'],
  'a pin without a match': [['plan', SAMPLE, '--preset', 'Q4_K', '--pin', 'outptu.*=Q8_0'], 'outptu.*'],
  'a pin of an unknown format': [['plan', SAMPLE, '--preset', 'Q4_K', '--pin', 'output.weight=Q9'], 'Q9'],
  'a plan file in no folder': [['plan', SAMPLE, '--preset', 'Q4_K', '-o', 'no/plan.json'], at('no')],
  'an export without formats': [['export', SAMPLE, '-o', 'a.gguf'], '--plan', '--preset'],
  'an export without a name': [['export', SAMPLE, '--preset', 'Q4_K'], '--output'],
  'an export by plan and preset': [['export', SAMPLE, '--plan', 'a', '--preset', 'b', '-o', 'c'], '--plan'],
  'a pure export of a plan': [['export', SAMPLE, '--plan', 'a.json', '--pure', '-o', 'b.gguf'], '--pure'],
  'a missing plan': [['export', SAMPLE, '--plan', 'no.json', '-o', 'a.gguf'], at('no.json')],
  'a folder as plan': [['export', SAMPLE, '--plan', 'empty', '-o', 'a.gguf'], at('empty')],
  'a broken plan': [['export', SAMPLE, '--plan', 'plan.json', '-o', 'a.gguf'], at('plan.json'), 'JSON'],
  'a file that is no plan': [['export', SAMPLE, '--plan', 'other.json', '-o', 'a.gguf'], at('other.json')],
  'an export into no folder': [['export', SAMPLE, '--preset', 'Q4_K', '-o', 'no/a.gguf'], at('no')],
  'an export into a file': [
    ['export', SAMPLE, '--preset', 'Q4_K', '-o', 'plan.json/a.gguf'],
    at('plan.json'),
  ],
  'an export onto a folder': [
    ['export', SAMPLE, '--preset', 'Q4_K', '-o', 'empty', '--overwrite'],
    at('empty'),
  ],
  'an export onto its own source': [
    ['export', SAMPLE, '--preset', 'Q4_K', '-o', SAMPLE, '--overwrite'],
    SAMPLE,
  ],
  'an export with a covariance': [
    ['export', SAMPLE, '--preset', 'Q4_K', '-o', 'a.gguf', '--covariance', 'c.safetensors'],
    "unknown option '--covariance'",
  ],
  'an export in parts': [
    ['export', SAMPLE, '--preset', 'Q4_K', '-o', 'a.gguf', '--split-max-size', '1000'],
    "unknown option '--split-max-size'",
  ],
  'metadata without a value': [withMetadata('general.name'), 'general.name', 'KEY=TYPE:VALUE'],
  'metadata of an unknown type': [withMetadata('general.name=str:x'), 'str', 'string'],
  'metadata that does not fit its type': [withMetadata('my.count=u8:256'), 'my.count', '256', '0 to 255'],
  'metadata that is no number': [withMetadata('my.count=u32:many'), 'my.count', 'many', 'u32'],
  'metadata with a key that is none': [withMetadata('my key=bool:true'), 'my key', 'dots'],
  'metadata that the export sets itself': [
    withMetadata('general.file_type=u32:2'),
    'general.file_type',
    'formats of the tensors',
  ],
  'a diff with a missing model': [['diff', SAMPLE, 'missing.gguf'], at('missing.gguf')],
  'a port that is none': [['serve', '--port', '70000'], '--port', '65535'],
  'a root that is not there': [['serve', '--root', 'no'], at('no'), '--root'],
  'a root that is a file': [['serve', '--root', 'plan.json'], at('plan.json'), '--root'],
  'a missing model to serve': [['serve', 'missing.gguf'], at('missing.gguf')],
  'a missing model to open': [['open', 'missing.gguf'], at('missing.gguf')],
}

describe('bad input gets one clear line and exit code 1', () => {
  it.concurrent.each(Object.entries(CASES))('for %s', async (_name, [args, ...words]) => {
    const { code, stdout, stderr } = await cli.run(...args)
    expect(stderr).toMatch(/^quantaloupe: .+\n$/)
    expect([code, stdout]).toEqual([1, ''])
    for (const word of words) expect(stderr).toMatch(word)
  })
})

describe('a target that cannot be written', () => {
  it.runIf(process.platform === 'linux')('is told in one line', async () => {
    const { code, stderr } = await cli.run('export', SAMPLE, '--preset', 'Q4_K', '-o', '/proc/a.gguf')
    expect([code, stderr.split('\n').length]).toEqual([1, 2])
    expect(stderr).toMatch(/^quantaloupe: .*\/proc/)
  })
})

describe('a model with a hostile name', () => {
  it('cannot write to the terminal beyond its cell', async () => {
    const bytes = Buffer.from(readFileSync(SAMPLE))
    const place = bytes.indexOf('novelist-7m', 0, 'latin1')
    bytes.write('\u001b[2J\u001b]0;x\u0007', place, 'latin1')
    writeFileSync(at('hostile.gguf'), bytes)
    const { stdout } = await cli.run('inspect', 'hostile.gguf')
    expect(stdout).toContain('\\u{1b}[2J')
    expect(stdout).not.toMatch(/[\u001b\u0007]/)
  })
})
