import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openModel } from '../../main/engine/formats/open-model.ts'
import { ROOT } from '../support/imports.ts'
import { choose as chooseIn, goTo as goToPage, statusBar } from '../support/steps.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { dropFiles, HOSTS, openWorkstation, type Workstation } from '../support/workstation.ts'

const MATRICES = 44
/** Exact sizes of the whole file: the preset Q4_K_M; the same with `output.weight` as Q8_0. */
const PLAIN_BYTES = '4,331,776'
const MIXED_BYTES = '4,585,728'
const SAMPLE = join(ROOT, 'test/models/novelist-7m')

/** One story in order: each step stands on the one before, as a person's work does. */
describe.each(HOSTS)('the main job in the %s host', (kind) => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page
  const status = () => statusBar(page())
  const goTo = (name: string) => goToPage(page(), name)
  const choose = (select: string, option: string) => chooseIn(page(), select, option)
  const planCosts = (bytes: string) => status().getByText(`${bytes} bytes`).waitFor()

  beforeAll(async () => {
    cpSync(SAMPLE, folder.path, { recursive: true })
    workstation = await openWorkstation(kind, { root: folder.path })
  })
  afterAll(() => workstation.close())

  it('asks for a model first', async () => {
    await page().getByText('Drop a GGUF or a model folder here').waitFor()
  })

  it('opens a model that is dropped on the window', async () => {
    await dropFiles(page(), [join(folder.path, 'novelist-7m-f16.gguf')])
    await page().getByText('Bytes by type').waitFor()
    await page().getByText('novelist-7m').first().waitFor()
  })

  it('lists and filters the tensors', async () => {
    await goTo('Tensors')
    await page().getByLabel('Find tensors by name').fill('blk.3.*')
    await page().getByText('blk.3.ffn_down.weight').waitFor()
    expect(await page().getByText('blk.2.ffn_down.weight').count()).toBe(0)
    await page().getByLabel('Find tensors by name').fill('')
  })

  it('fills the heatmap while it measures', async () => {
    await goTo('Heatmap')
    await page().getByRole('button', { name: 'Analyze', exact: true }).click()
    await page().getByText(`${MATRICES} of ${MATRICES} measured`).waitFor()
    await page().getByRole('button', { name: 'Analyze', exact: true }).waitFor()
  })

  it('shows all formats of the tensor that is opened from the ranking', async () => {
    await page().getByRole('grid').getByText('output.weight').dblclick()
    await page().getByText('All formats', { exact: false }).waitFor()
    await page().getByRole('button', { name: 'Measure this tensor' }).click()
    const formats = page().getByRole('grid', { name: 'Formats of this tensor' })
    await formats.getByRole('row', { name: /Q6_K.*0\.0200/ }).waitFor()
  })

  it('makes a plan from a preset, changes one tensor and takes the change back', async () => {
    await goTo('Plan')
    await choose('Preset', 'Q4_K_M')
    await planCosts(PLAIN_BYTES)
    await choose('New format', 'Q8_0')
    await page().getByRole('button', { name: 'Change 1' }).click()
    await planCosts(MIXED_BYTES)
    await page().keyboard.press('Control+z')
    await planCosts(PLAIN_BYTES)
    await page().keyboard.press('Control+Shift+z')
    await planCosts(MIXED_BYTES)
  })

  it('exports the plan to a file of exactly the promised size', async () => {
    const target = join(folder.path, 'novelist-7m-mix.gguf')
    await goTo('Export')
    await page().getByLabel('File', { exact: true }).fill(target)
    await page().getByRole('button', { name: 'Export', exact: true }).click()
    await page().getByText('SHA-256', { exact: false }).first().waitFor()
    const written = openModel(target)
    const typeOf = (name: string) => written.tensors.find((tensor) => tensor.name === name)?.type
    expect(written.bytes.toLocaleString('en')).toBe(MIXED_BYTES)
    expect([typeOf('output.weight'), typeOf('token_embd.weight'), typeOf('output_norm.weight')]).toEqual([
      'Q8_0',
      'Q4_K',
      'F32',
    ])
  })

  it('leaves no debris beside the export', () => {
    const strangers = readdirSync(folder.path).filter((name) => name.includes('tmp') || name.startsWith('.'))
    expect(strangers).toEqual([])
  })

  it('tells in the bottom bar what the plan costs', async () => {
    expect(await status().textContent()).toContain(`${MIXED_BYTES} bytes`)
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})
