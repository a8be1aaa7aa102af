import { copyFileSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CommandLine, SAMPLE, type Ended } from '../support/cli.ts'
import { smallDisk } from '../support/small-disk.ts'

const NO_DISK = 'needs the right to mount a small disk'
const MEASURE = ['analyze', SAMPLE, '--formats', 'Q4_K', '--tensors', 'blk.0.attn_k.weight']
const EXPORT = ['export', SAMPLE, '--preset', 'Q8_0', '-o']

let cli: CommandLine
beforeEach(() => (cli = new CommandLine()))
afterEach(() => cli.remove())

/** Exit code 1, nothing on standard output, and one line of complaint, whatever progress came before. */
function expectComplaint({ code, stdout, stderr }: Ended, ...words: readonly (string | RegExp)[]): void {
  expect([code, stdout]).toEqual([1, ''])
  const lines = stderr.split('\n').filter((line) => line.startsWith('quantaloupe: '))
  expect(lines).toHaveLength(1)
  expect(stderr.trimEnd().endsWith(lines[0]!)).toBe(true)
  for (const word of words) expect(lines[0]).toMatch(word)
}

describe('a model that shrinks while it is open', () => {
  it.each([
    ['analyze', ['--formats', 'Q4_K,Q5_K,Q6_K,Q4_0,Q5_0,Q8_0'], /Measure/],
    ['export', ['--preset', 'Q4_K', '-o', 'out.gguf'], /Export/],
  ])('ends %s with one line and leaves nothing', async (command, options, begun) => {
    const model = cli.path('model.gguf')
    copyFileSync(SAMPLE, model)
    const { ended, printed } = cli.start([command, model, ...options, '--threads', '1'])
    await printed(begun)
    truncateSync(model, 1_000_000)
    expectComplaint(await ended, model, /since it was opened|ends too early/)
    expect(readdirSync(cli.folder).toSorted()).toEqual(['data', 'model.gguf'])
  })
})

describe('a disk that cannot be written', () => {
  it.for([
    ['an export', [...EXPORT, 'FOLDER/out.gguf']],
    ['a plan', ['plan', SAMPLE, '--preset', 'Q4_K', '-o', 'FOLDER/plan.json']],
    ['a recipe', ['plan', SAMPLE, '--preset', 'Q4_K', '--recipe', 'FOLDER/recipe.txt']],
  ] as const)('is told for %s', async ([, args], { skip }) => {
    const folder = smallDisk('size=16m,ro')
    if (folder === null) return skip(NO_DISK)
    const ended = await cli.run(...args.map((arg) => arg.replace('FOLDER', folder)))
    expectComplaint(ended, folder, /may be written/)
  })

  it('keeps nothing of the cache, and the work goes on', async ({ skip }) => {
    const folder = smallDisk('size=16m,ro')
    if (folder === null) return skip(NO_DISK)
    const { ended } = cli.start(MEASURE, { env: { QUANTALOUPE_HOME: join(folder, 'data') } })
    const { code, stderr } = await ended
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^note: .*can not be used/m)])
  })
})

describe('a full disk', () => {
  it('is told before an export writes', async ({ skip }) => {
    const folder = smallDisk('size=1m')
    if (folder === null) return skip(NO_DISK)
    expectComplaint(await cli.run(...EXPORT, join(folder, 'out.gguf')), folder, /room/, /free bytes/)
    expect(readdirSync(folder)).toEqual([])
  })

  it('ends an export that had room when it began, and leaves nothing', async ({ skip }) => {
    const folder = smallDisk('size=10m')
    if (folder === null) return skip(NO_DISK)
    // Slow enough for the disk to fill meanwhile.
    const { ended, printed } = cli.start([
      ...EXPORT,
      join(folder, 'out.gguf'),
      '--threads',
      '1',
      '--no-native',
    ])
    await printed(/Export/)
    writeFileSync(join(folder, 'other'), new Uint8Array(8 * 2 ** 20))
    expectComplaint(await ended, folder, /room|space/)
    expect(readdirSync(folder)).toEqual(['other'])
  })

  it.for(['-o', '--recipe'])(
    'ends the writing of a plan with %s, and leaves nothing',
    async (option, { skip }) => {
      const folder = smallDisk('size=16k')
      if (folder === null) return skip(NO_DISK)
      writeFileSync(join(folder, 'other'), new Uint8Array(16 * 1024))
      const ended = await cli.run('plan', SAMPLE, '--preset', 'Q4_K', option, join(folder, 'plan'))
      expectComplaint(ended, folder, /room|space/)
      expect(readdirSync(folder)).toEqual(['other'])
    },
  )

  it('keeps nothing of the cache, and the work goes on', async ({ skip }) => {
    const folder = smallDisk('size=16k')
    if (folder === null) return skip(NO_DISK)
    const { code, stderr } = await cli.start(MEASURE, { env: { QUANTALOUPE_HOME: folder } }).ended
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^note: .*can not be used/m)])
  })
})

describe('a cache database', () => {
  it('that another program has locked is done without, and that is said', async () => {
    mkdirSync(cli.data)
    const other = new Database(join(cli.data, 'cache.sqlite'))
    other.exec('PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE theirs (a)')
    const { code, stderr } = await cli.run(...MEASURE)
    other.close()
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^note: .*cache\.sqlite.*locked/m)])
  })

  it('of a newer version is left alone', async () => {
    mkdirSync(cli.data)
    const newer = new Database(join(cli.data, 'cache.sqlite'))
    newer.pragma('user_version = 99')
    newer.close()
    expectComplaint(await cli.run(...MEASURE), join(cli.data, 'cache.sqlite'), 'version 99', 'newer version')
    expect(readdirSync(cli.data).filter((name) => name.includes('damaged'))).toEqual([])
  })
})
