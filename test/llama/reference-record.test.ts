import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { summarizeComparison } from '../../main/llama/index.ts'
import { CommandLine, SAMPLE } from '../support/cli.ts'
import { compareAll, processWith, SAMPLE_COMPARISON, testComparison } from '../support/comparisons.ts'
import { testFolder } from '../support/services.ts'
import { smallDisk } from '../support/small-disk.ts'
import { writeTinyLlama } from '../support/tiny-llama.ts'

const cli = new CommandLine()
const COARSE = cli.path('coarse.gguf')
beforeAll(async () => void (await cli.run('export', SAMPLE, '--preset', 'Q2_K', '-o', COARSE)))
afterAll(() => cli.remove())

const ROW_BYTES = 4096 * 4
const PATIENCE = { timeout: 30_000 }

describe('a comparison that keeps what the reference predicts', () => {
  it('gives exactly what both models give side by side, for every candidate', async () => {
    const recorded = await testComparison({ recordFolder: testFolder() })
    const beside = await testComparison()
    for (const candidate of [COARSE, SAMPLE, COARSE]) {
      expect(await compareAll(recorded, candidate)).toEqual(await compareAll(beside, candidate))
    }
  })

  it('evaluates the reference once, at the first comparison of a chunk', async () => {
    const folder = join(testFolder(), 'made', 'when missing')
    const path = join(testFolder(), 'reference.gguf')
    writeTinyLlama(path, { vocabulary: 300 })
    const comparison = await testComparison({ referencePath: path, recordFolder: folder, chunks: 3 })
    const size = (): number => statSync(join(folder, readdirSync(folder)[0]!)).size
    await comparison.setCandidate(path)
    expect(size()).toBe(0)
    await comparison.compareChunk(0)
    expect(size()).toBe(31 * 300 * 4)
    await comparison.compareChunk(0)
    expect(size()).toBe(31 * 300 * 4)
    await comparison.compareChunk(2)
    expect(size()).toBe(3 * 31 * 300 * 4)
    const { kld } = summarizeComparison(await compareAll(comparison, path))
    expect(kld.max).toBe(0)
  })

  it('leaves nothing in the folder when it is closed', async () => {
    const folder = testFolder()
    const comparison = await testComparison({ recordFolder: folder })
    await compareAll(comparison, SAMPLE)
    expect(readdirSync(folder)).toHaveLength(1)
    await comparison.close()
    expect(readdirSync(folder)).toEqual([])
  })

  it('leaves nothing when the process crashes or is cancelled', async () => {
    const folder = testFolder()
    const processUrl = processWith(`
      process.on('message', ({ call }) => call === 'setCandidate' && process.kill(process.pid, 'SIGSEGV'))`)
    const crashing = await testComparison({ recordFolder: folder }, { processUrl })
    await expect(crashing.setCandidate(SAMPLE)).rejects.toMatchObject({ code: 'LLAMA_CRASHED' })
    await expect.poll(() => readdirSync(folder), PATIENCE).toEqual([])

    const controller = new AbortController()
    await testComparison({ recordFolder: folder }, { signal: controller.signal })
    expect(readdirSync(folder)).toHaveLength(1)
    controller.abort()
    await expect.poll(() => readdirSync(folder), PATIENCE).toEqual([])
  })

  it('leaves nothing when it does not open', async () => {
    const folder = testFolder()
    const opening = testComparison({ recordFolder: folder, text: 'Too short.' })
    await expect(opening).rejects.toMatchObject({ code: 'TEXT_TOO_SHORT' })
    expect(readdirSync(folder)).toEqual([])
  })

  it('removes what a killed run left, whose process ended as well, and nothing else', async () => {
    const [folder, ids] = [testFolder(), testFolder()]
    const [note, idFile] = [join(folder, 'note.txt'), join(ids, 'pid')]
    writeFileSync(note, 'mine')
    const processUrl = processWith(`
      import { writeFileSync } from 'node:fs'
      writeFileSync(${JSON.stringify(idFile)}, String(process.pid))`)
    await runUntilKilled(folder, processUrl)
    const orphan = Number(readFileSync(idFile, 'utf8'))
    await expect.poll(() => isAlive(orphan), PATIENCE).toBe(false)
    expect(readdirSync(folder)).toHaveLength(2)

    const comparison = await testComparison({ recordFolder: folder })
    expect(readdirSync(folder)).toHaveLength(2)
    await comparison.close()
    expect(readdirSync(folder)).toEqual(['note.txt'])
  })

  it('refuses to open when the disk is too small for all of it', async ({ skip }) => {
    const folder = smallDisk('size=1m')
    if (folder === null) return skip('this process may not mount a disk')
    const opening = testComparison({ recordFolder: folder, chunks: 3 })
    await expect(opening).rejects.toMatchObject({ code: 'DISK_FULL', details: { place: folder } })
    expect(3 * 31 * ROW_BYTES).toBeGreaterThan(2 ** 20)
    expect(readdirSync(folder)).toEqual([])
  })

  it('tells of a disk that is filled by others meanwhile', async ({ skip }) => {
    const folder = smallDisk('size=2m')
    if (folder === null) return skip('this process may not mount a disk')
    const comparison = await testComparison({ recordFolder: folder, chunks: 3 })
    await comparison.setCandidate(SAMPLE)
    writeFileSync(join(folder, 'others'), new Uint8Array(1_800_000))
    await expect(comparison.compareChunk(0)).rejects.toMatchObject({ code: 'DISK_FULL' })
    rmSync(join(folder, 'others'))
    expect((await comparison.compareChunk(0)).sameTop).toBe(31)
  })

  it('refuses a folder that is none', async () => {
    const file = join(testFolder(), 'file')
    writeFileSync(file, '')
    const opening = testComparison({ recordFolder: file })
    await expect(opening).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE', details: { place: file } })
  })
})

/** Another process opens a comparison, and dies of SIGKILL. */
async function runUntilKilled(recordFolder: string, processUrl: URL): Promise<void> {
  const index = new URL('../../main/llama/index.ts', import.meta.url).href
  const request = JSON.stringify({ ...SAMPLE_COMPARISON, recordFolder })
  const script = `
    const { openComparison } = await import(${JSON.stringify(index)})
    await openComparison(${request}, { processUrl: new URL(${JSON.stringify(processUrl.href)}) })
    process.kill(process.pid, 'SIGKILL')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error('The process ended by itself')
}

function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0)
  } catch {
    return false
  }
}
