import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SAMPLE_GGUF } from '../support/sample-model.ts'
import { choose, goTo, openServed } from '../support/steps.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { openWorkstation, type Workstation } from '../support/workstation.ts'

describe('the lab', () => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page
  const picture = (title: string) => page().getByRole('region', { name: title })
  const pixels = (title: string) =>
    picture(title)
      .locator('canvas')
      .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL())

  /** Saves by a menu of a picture, and gives the file's bytes. */
  async function saved(title: string, entry: string): Promise<Buffer> {
    const download = page().waitForEvent('download')
    await page()
      .getByRole('button', { name: `Save picture: ${title}` })
      .click()
    await page().getByText(entry).last().click()
    const path = join(folder.path, (await download).suggestedFilename())
    await (await download).saveAs(path)
    return readFileSync(path)
  }

  beforeAll(async () => {
    copyFileSync(SAMPLE_GGUF, join(folder.path, 'novelist-7m-f16.gguf'))
    workstation = await openWorkstation('browser', { root: folder.path })
    await page().getByText('Open model…').waitFor()
  })
  afterAll(() => workstation.close())

  it('shows both roundings without a model, with their figures', async () => {
    await page().keyboard.press('Control+8')
    await picture('Best rounding').getByText('12.6°').waitFor()
    await picture('Absmax rounding').getByText('49').waitFor()
    expect(await pixels('Best rounding')).not.toBe(await pixels('Absmax rounding'))
  })

  it('zooms both pictures by wheel and keys', async () => {
    const whole = await pixels('Absmax rounding')
    await picture('Best rounding').locator('canvas').hover()
    await page().mouse.wheel(0, -600)
    await expect.poll(() => pixels('Absmax rounding')).not.toBe(whole)
    await picture('Best rounding').locator('canvas').focus()
    await page().keyboard.press('Home')
    await expect.poll(() => pixels('Absmax rounding')).toBe(whole)
  })

  it('moves the view by as much as a picture is dragged', async () => {
    const canvas = picture('Absmax rounding').locator('canvas')
    // Without a pointer on a picture it is the centre of the view.
    const direction = page().locator('.readout .mono').first()
    await page().getByRole('button', { name: 'Zoom in' }).click()
    await expect.poll(() => direction.textContent()).toContain('(1, 0.000, 0.000)')
    const side = (await canvas.boundingBox())?.width ?? NaN
    await canvas.hover({ position: { x: 0.6 * side, y: 0.5 * side } })
    await page().mouse.down()
    await canvas.hover({ position: { x: 0.45 * side, y: 0.5 * side } })
    await page().mouse.up()
    await page().getByRole('button', { name: 'Zoom in' }).hover()
    await expect.poll(() => direction.textContent()).toContain('(1, 0.200, 0.000)')
    await page().getByRole('button', { name: 'Whole face' }).click()
    await expect.poll(() => direction.textContent()).toContain('(1, 0.000, 0.000)')
  })

  it('switches levels and colouring', async () => {
    const angles = await pixels('Best rounding')
    await choose(page(), 'Colouring', 'Colour: cells')
    await expect.poll(() => pixels('Best rounding')).not.toBe(angles)
    await choose(page(), 'Levels', 'Q4_0')
    await picture('Best rounding').getByText('745').waitFor()
  })

  it('saves pictures in their own size, and cells as polygons', async () => {
    const size = page().getByLabel('Saved size in pixels')
    await size.fill('640')
    await size.press('Enter')
    const png = await saved('Absmax rounding', 'PNG, own size (640 × 640)')
    expect([png.toString('latin1', 1, 4), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([
      'PNG',
      640,
      640,
    ])
    const svg = (await saved('Best rounding', 'SVG, cells as polygons')).toString()
    expect(svg.match(/<path /g)).toHaveLength(745)
  })

  it('looks into blocks of a tensor of the opened model', async () => {
    await openServed(page(), 'novelist-7m-f16.gguf')
    await goTo(page(), 'Lab')
    await page().getByRole('tab', { name: 'Block' }).click()
    await page().getByText('Start with').click()
    await page().getByText('in this block').waitFor()
    const block = page().getByLabel('Block', { exact: true }).and(page().locator('input'))
    const before = Number(await block.inputValue())
    await page().getByRole('button', { name: 'Next block' }).click()
    await expect.poll(() => block.inputValue()).toBe(`${before + 1}`)
    await page().getByRole('button', { name: 'Largest gain' }).click()
    await expect.poll(() => block.inputValue()).toBe(`${before}`)
    await page().getByText('near the best').click()
    const download = page().waitForEvent('download')
    await page().getByRole('button', { name: 'Save or copy: Error over scale' }).click()
    await page().getByText('Save as SVG').last().click()
    expect((await download).suggestedFilename()).toMatch(/^error-over-scale-of-.*\.svg$/)
  })

  it('tells that a block is proved optimal, and what bounds one with sub-blocks', async () => {
    await page()
      .getByText('no encoding of this block in Q4_0 has less error, counted as optimal does')
      .waitFor()
    expect(await page().getByText('lower bound').count()).toBe(0)
    await choose(page(), 'Format of the block', 'Q6_K')
    await choose(page(), 'Method', 'optimal-square')
    await page().getByText('in this sub-block').waitFor()
    await page().getByText('counted as optimal-square does').waitFor()
    const bounded = page().getByText('all 16 sub-blocks: reference')
    const [reference, chosen, bound] = (await bounded.locator('.figure').allTextContents()).map((text) =>
      Number(text.split(' ').at(-1)),
    )
    expect(reference).toBeGreaterThan(chosen ?? NaN)
    expect(chosen).toBeGreaterThan(bound ?? NaN)
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})
