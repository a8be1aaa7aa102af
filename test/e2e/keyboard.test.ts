import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SAMPLE_GGUF } from '../support/sample-model.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { dropFiles, HOSTS, openWorkstation, type Workstation } from '../support/workstation.ts'

const PAGES = ['overview', 'tensors', 'heatmap', 'compare', 'plan', 'verify', 'export'] as const
const MANY_TABS = 90

/** Nothing here touches the mouse. */
describe.each(HOSTS)('the keyboard in the %s host', (kind) => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page
  const press = (keys: string) => page().keyboard.press(keys)
  const hash = () => page().evaluate(() => location.hash)
  const inspector = () => page().getByRole('complementary')

  /** Names of what Tab reaches, for so many presses that it comes round. */
  async function tabStops(): Promise<string[]> {
    await page().evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
    const names: string[] = []
    for (let presses = 0; presses < MANY_TABS; presses += 1) {
      await press('Tab')
      const name = await page().evaluate(() => {
        const element = document.activeElement as HTMLElement | null
        if (!element || element === document.body) return null
        const label = element.closest('[aria-label]')?.getAttribute('aria-label') ?? ''
        return `${label} ${element.textContent}`.trim()
      })
      if (name !== null) names.push(name)
    }
    return names
  }

  beforeAll(async () => {
    copyFileSync(SAMPLE_GGUF, join(folder.path, 'novelist-7m-f16.gguf'))
    workstation = await openWorkstation(kind, { root: folder.path })
    await dropFiles(page(), [join(folder.path, 'novelist-7m-f16.gguf')])
    await page().getByText('Bytes by type').waitFor()
  })
  afterAll(() => workstation.close())

  it.each(PAGES.map((name, index) => [index + 1, name] as const))('Ctrl+%i shows %s', async (key, name) => {
    await press(`Control+${key}`)
    await page().waitForURL((url) => url.hash.startsWith(`#/${name}`))
  })

  it('Ctrl+K finds a tensor and opens it', async () => {
    await press('Control+k')
    await page().getByPlaceholder('Command, tensor or model').waitFor()
    await page().keyboard.type('blk.4.ffn_up')
    await page()
      .getByRole('option', { name: /blk\.4\.ffn_up\.weight/ })
      .waitFor()
    await press('Enter')
    await page().getByText('All formats', { exact: false }).waitFor()
    expect(decodeURIComponent(await hash())).toContain('blk.4.ffn_up.weight')
  })

  it('Ctrl+F puts the cursor into the filter of the tensors', async () => {
    await press('Control+f')
    await page().getByLabel('Find tensors by name').waitFor()
    await page().keyboard.type('attn_k')
    await page().getByText('6 of 57 tensors').waitFor()
    await press('Control+a')
    await press('Delete')
    await page().getByText('57 of 57 tensors').waitFor()
  })

  it('arrows, End and Enter work in the tensor table', async () => {
    const grid = page().getByRole('grid', { name: 'Tensors' })
    await grid.focus()
    await press('End')
    await grid.getByRole('row', { selected: true }).and(page().locator('[aria-rowindex="58"]')).waitFor()
    await press('ArrowUp')
    const above = grid.locator('[aria-rowindex="57"]')
    await grid.getByRole('row', { selected: true }).and(above).waitFor()
    const name = (await above.getByRole('gridcell').first().textContent())?.trim() ?? ''
    await press('Enter')
    await page().getByText('All formats', { exact: false }).waitFor()
    expect(decodeURIComponent(await hash())).toContain(name)
  })

  it('arrows move over the map of the plan', async () => {
    await press('Control+5')
    await page().getByRole('tab', { name: 'Frontier' }).focus()
    await press('ArrowRight')
    const map = page().getByRole('application')
    await map.focus()
    const selected = async () => new URLSearchParams((await hash()).split('?')[1]).get('tensor')
    const before = await selected()
    await press('ArrowDown')
    await page().waitForFunction(
      (old) => !decodeURIComponent(location.hash).includes(`tensor=${old}`),
      before,
    )
    expect(await inspector().textContent()).toContain(await selected())
  })

  it('? lists the keys and Esc closes the list', async () => {
    await press('?')
    await page().getByText('Move in tables and grids').waitFor()
    await press('Escape')
    await page().getByText('Move in tables and grids').waitFor({ state: 'hidden' })
  })

  it('Tab reaches pages, tools, tabs, the map and the bottom bar of the plan', async () => {
    const names = await tabStops()
    const wanted = [
      'Model list',
      ...['Overview', 'Tensors', 'Heatmap', 'Compare', 'Verify', 'Export'].map((title) => `Pages ${title}`),
      'Theme',
      'Preset',
      'New format',
      'Map',
      'Load a plan',
      'Formats of the plan',
      'Plan',
    ]
    const missing = wanted.filter((one) => !names.some((name) => name.includes(one)))
    expect(missing).toEqual([])
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})
