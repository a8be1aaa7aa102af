import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openModel } from '../../main/engine/formats/open-model.ts'
import { writeHeavyModel } from '../support/heavy-model.ts'
import { SAMPLE_GGUF } from '../support/sample-model.ts'
import { choose, goTo, openServed } from '../support/steps.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { openWorkstation, type Workstation } from '../support/workstation.ts'

describe('the export page of the browser host', () => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page
  const exportButton = () => page().getByRole('button', { name: 'Export', exact: true })
  const file = () => page().getByLabel('File', { exact: true })
  const at = (name: string) => join(folder.path, name)

  async function plan(preset: string): Promise<void> {
    await goTo(page(), 'Plan')
    await choose(page(), 'Preset', preset)
    await goTo(page(), 'Export')
    await page().getByText('in another format').waitFor()
  }

  /** A button that is off says why; it is read when the host has answered. */
  async function isRefused(reason: string): Promise<boolean> {
    await page().getByRole('status').filter({ hasText: reason }).waitFor()
    return exportButton().isDisabled()
  }

  beforeAll(async () => {
    copyFileSync(SAMPLE_GGUF, at('novelist-7m-f16.gguf'))
    writeHeavyModel(at('heavy.gguf'), 48)
    writeFileSync(at('taken.gguf'), 'something else')
    workstation = await openWorkstation('browser', { root: folder.path })
    await openServed(page(), 'novelist-7m-f16.gguf')
    await page().getByText('Bytes by type').waitFor()
    await plan('Q8_0')
  })
  afterAll(() => workstation.close())

  it('suggests a name beside the model', async () => {
    await expect.poll(() => file().inputValue()).toBe(at('novelist-7m-Q8_0.gguf'))
  })

  it('refuses a place outside of the served folders, and says what to do', async () => {
    await file().fill(join(tmpdir(), 'elsewhere.gguf'))
    expect(await isRefused('The file cannot be written as it is.')).toBe(true)
    const text = await page().getByRole('alert').textContent()
    expect(text).toContain('outside the folders that are served')
    expect(text).toContain('--root')
  })

  it('replaces a file only after a confirmation', async () => {
    await file().fill(at('taken.gguf'))
    expect(await isRefused('Confirm that the file may be replaced.')).toBe(true)
    expect(readFileSync(at('taken.gguf'), 'utf8')).toBe('something else')
    await page().getByText('Replace it.').click()
    await exportButton().click()
    await page().getByText('SHA-256').first().waitFor()
    expect(openModel(at('taken.gguf')).tensors.find(({ name }) => name === 'output.weight')?.type).toBe(
      'Q8_0',
    )
  })

  it('asks again before it replaces the file it has just written', async () => {
    expect(await isRefused('Confirm that the file may be replaced.')).toBe(true)
  })

  it('warns before quantized tensors are quantized again', async () => {
    await openServed(page(), 'taken.gguf')
    await plan('Q4_K_M')
    await file().fill(at('twice.gguf'))
    expect(await isRefused('Confirm that tensors may be quantized a second time.')).toBe(true)
    await page().getByText('44 tensors would be quantized a second time').waitFor()
    await page().getByText('Quantize them again all the same').click()
    await exportButton().click()
    await page().getByText('SHA-256').first().waitFor()
    expect(statSync(at('twice.gguf')).size).toBeLessThan(statSync(at('taken.gguf')).size)
  })

  it('leaves nothing behind when it is stopped', async () => {
    await openServed(page(), 'heavy.gguf')
    await plan('Q4_K_M')
    await file().fill(at('stopped.gguf'))
    await exportButton().click()
    const progress = page().getByRole('main')
    await progress.getByRole('button', { name: 'Stop' }).click()
    await progress.getByText('cancelled').waitFor()
    // The job says so at once; its threads finish their piece before the part file goes.
    await expect
      .poll(() => readdirSync(folder.path).sort())
      .toEqual(['heavy.gguf', 'novelist-7m-f16.gguf', 'taken.gguf', 'twice.gguf'])
  })

  it('logged no error', () => {
    expect(workstation.problems.filter((problem) => !problem.startsWith('Failed to load resource'))).toEqual(
      [],
    )
  })
})
