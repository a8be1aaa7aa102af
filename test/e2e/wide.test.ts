import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { choose, goTo, statusBar } from '../support/steps.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { writeWideModel } from '../support/wide-model.ts'
import { dropFiles, HOSTS, openWorkstation, type Workstation } from '../support/workstation.ts'

describe.each(HOSTS)('a model of 20,000 tensors in the %s host', (kind) => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page
  const grid = () => page().getByRole('grid')
  const firstRow = () => grid().locator('[aria-rowindex="2"]')
  const filter = (text: string) => page().getByLabel('Find tensors by name').fill(text)
  const sort = (column: string) =>
    grid().getByRole('columnheader', { name: column }).getByRole('button').click()

  /** Number of different colours that a picture of the page's canvas has. */
  async function colours(): Promise<number> {
    return page()
      .locator('canvas')
      .first()
      .evaluate((element) => {
        const canvas = element as HTMLCanvasElement
        const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data
        return new Set(new Uint32Array(pixels?.buffer ?? new ArrayBuffer(0))).size
      })
  }

  beforeAll(async () => {
    const path = join(folder.path, 'wide.gguf')
    expect(writeWideModel(path)).toBe(20_000)
    workstation = await openWorkstation(kind, { root: folder.path })
    await dropFiles(page(), [path])
    await page().getByText('Bytes by type').waitFor()
  })
  afterAll(() => workstation.close())

  it('filters to the right rows', async () => {
    await goTo(page(), 'Tensors')
    await page().getByText('20,000 of 20,000 tensors').waitFor()
    await filter('blk.7?.ffn_up.63.*')
    await page().getByText('10 of 20,000 tensors').waitFor()
    const names = await grid()
      .getByText(/^blk\./)
      .allTextContents()
    expect(names).toEqual(Array.from({ length: 10 }, (_none, index) => `blk.7${index}.ffn_up.63.weight`))
  })

  it('sorts them', async () => {
    await sort('Name')
    await firstRow().getByText('blk.70.ffn_up.63.weight').waitFor()
    await sort('Name')
    await firstRow().getByText('blk.79.ffn_up.63.weight').waitFor()
    await filter('')
    await page().getByText('20,000 of 20,000 tensors').waitFor()
    await firstRow().getByText('blk.99.ffn_up.63.weight').waitFor()
  })

  it('jumps to the last row', async () => {
    await grid().focus()
    await page().keyboard.press('End')
    await grid().locator('[aria-rowindex="20001"]').waitFor()
  })

  it('draws the heatmap', async () => {
    await goTo(page(), 'Heatmap')
    await page().getByText('0 of 19,600 measured').waitFor()
    await page().locator('canvas').first().waitFor()
    expect(await colours()).toBeGreaterThan(2)
  })

  it('plans all of it and takes it back', async () => {
    await goTo(page(), 'Plan')
    const before = await statusBar(page())
      .getByText(/^[\d,]+ bytes$/)
      .textContent()
    await choose(page(), 'Preset', 'Q8_0')
    await statusBar(page()).getByText('19,600 tensors chosen').waitFor()
    await statusBar(page())
      .getByText(before ?? '', { exact: true })
      .waitFor({ state: 'detached' })
    await page().keyboard.press('Control+z')
    await statusBar(page())
      .getByText(before ?? '', { exact: true })
      .waitFor()
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})
