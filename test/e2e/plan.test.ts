import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../support/sample-model.ts'
import { choose, goTo, openServed, statusBar } from '../support/steps.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { openWorkstation, type Workstation } from '../support/workstation.ts'

const FIRST_Q = 'blk.0.attn_q.weight'

/** One story in order: from a model of which nothing is measured to a plan in a file. */
describe('the plan page of the browser host', () => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page
  const button = (name: string) => page().getByRole('button', { name, exact: true })
  const tab = (name: string) => page().getByRole('tab', { name }).click()
  const thumb = () => page().getByRole('slider', { name: 'Budget' })
  const formatOf = (tensor: string) => page().getByLabel(new RegExp(`^Format of ${tensor}`))

  /** Exact bytes that the bottom bar tells of the plan. */
  async function planBytes(): Promise<number> {
    const text = await statusBar(page())
      .getByText(/^[\d,]+ bytes$/)
      .textContent()
    return Number(text?.replace(/\D/g, ''))
  }

  /** Drags the thumb over a part of the slider, as fast as a hand. */
  async function drag(from: number, to: number): Promise<void> {
    const box = await page().locator('.hit').boundingBox()
    if (!box) throw new Error('there is no slider')
    const x = (share: number) => box.x + box.width * share
    await page().mouse.move(x(from), box.y + 12)
    await page().mouse.down()
    for (let step = 1; step <= 20; step += 1) {
      await page().mouse.move(x(from + ((to - from) * step) / 20), box.y + 12)
      await page().waitForTimeout(10)
    }
    await page().mouse.up()
  }

  /** Waits until the plan is the one of the budget on the slider, and tells its bytes. */
  async function settled(): Promise<number> {
    let [before, now] = [-1, await planBytes()]
    while (before !== now) {
      await page().waitForTimeout(300)
      ;[before, now] = [now, await planBytes()]
    }
    return now
  }

  async function saveAs(name: string): Promise<string> {
    await page().getByLabel('File name').fill(name)
    await button('Choose').click()
    await page()
      .getByText(`to ${join(folder.path, name)}.`)
      .first()
      .waitFor()
    return join(folder.path, name)
  }

  async function load(name: string): Promise<void> {
    await button('Load a plan').click()
    await page().getByRole('button', { name }).click()
    await button('Open').click()
  }

  beforeAll(async () => {
    copyFileSync(SAMPLE_GGUF, join(folder.path, 'novelist-7m-f16.gguf'))
    copyFileSync(join(SAMPLE_FOLDER, 'imatrix.gguf'), join(folder.path, 'imatrix.gguf'))
    workstation = await openWorkstation('browser', { root: folder.path })
    await page().context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await openServed(page(), 'novelist-7m-f16.gguf')
    await page().getByText('Bytes by type').waitFor()
    await goTo(page(), 'Plan')
  })
  afterAll(() => workstation.close())

  it('says what is not measured, and measures it', { timeout: 180_000 }, async () => {
    await choose(page(), 'Importance', 'imatrix.gguf')
    await page()
      .getByText(/^(\d+) of \1 figures are not measured$/)
      .waitFor()
    await button('Measure a sample').click()
    await page()
      .getByText(/figures come from a sample of rows$/)
      .waitFor()
    await button('Measure all').click()
    await button('Measure all').waitFor({ state: 'detached' })
    await page()
      .getByText(/figures/)
      .waitFor({ state: 'detached', timeout: 120_000 })
    await thumb().waitFor()
  })

  it('follows the slider, within what it is asked for', async () => {
    await drag(0.7, 0.45)
    const bytes = await settled()
    expect(bytes).toBeLessThanOrEqual(Number(await thumb().getAttribute('aria-valuenow')))
    expect(bytes).toBeLessThan(4_500_000)
    await page()
      .getByText(/^No plan within \d\.\d{3} MiB can have less than/)
      .waitFor()
  })

  it('takes a drag back in one step', async () => {
    const before = await planBytes()
    await drag(0.45, 0.6)
    expect(await settled()).toBeGreaterThan(before)
    await page().keyboard.press('Control+z')
    await expect.poll(planBytes).toBe(before)
    await page().keyboard.press('Control+Shift+z')
    await expect.poll(planBytes).toBeGreaterThan(before)
  })

  it('walks along the best plans with the arrow keys', async () => {
    const before = await planBytes()
    await thumb().focus()
    await page().keyboard.press('ArrowLeft')
    await expect.poll(planBytes).toBeLessThan(before)
    const smaller = await settled()
    await page().keyboard.press('ArrowRight')
    await expect.poll(planBytes).toBeGreaterThan(smaller)
  })

  it('takes a typed budget, and tells the range when it is out of reach', async () => {
    const number = page().getByLabel('Budget as a number')
    await number.fill('4,000,000 bytes')
    await number.press('Enter')
    await expect.poll(settled).toBeLessThanOrEqual(4_000_000)
    await number.fill('1 KiB')
    await number.press('Enter')
    await page()
      .getByRole('alert')
      .getByText(/Plans reach from [\d.]+ MiB to [\d.]+ MiB/)
      .waitFor()
    expect(await planBytes()).toBeGreaterThan(1_000_000)
  })

  it('leaves a locked tensor alone', async () => {
    await tab('Tensors')
    await page().getByLabel('Find tensors by name').fill(FIRST_Q)
    await formatOf(FIRST_Q).click()
    await page().getByText('Q8_0 · 8.50 bpw').click()
    await button(`Lock ${FIRST_Q}`).click()
    await drag(0.5, 0.3)
    await settled()
    expect(await formatOf(FIRST_Q).textContent()).toContain('Q8_0')
  })

  it('keeps to rules, which read like sentences and can be taken away', async () => {
    await tab('Rules')
    await choose(page(), 'Tensors of the rule', 'ffn_down')
    await choose(page(), 'Least format', 'Q6_K')
    await button('Add the rule').click()
    await page().getByText('Give all ffn_down tensors at least Q6_K.').waitFor()
    await settled()
    await tab('Tensors')
    await page().getByLabel('Find tensors by name').fill('blk.0.ffn_down')
    await expect.poll(() => formatOf('blk.0.ffn_down.weight').textContent()).toMatch(/Q6_K|Q8_0|F16|keep/)
    await tab('Rules')
    await button('Remove: Give all ffn_down tensors at least Q6_K.').click()
    await page().getByText('No rules:').waitFor()
  })

  it('tells what differs from a preset, and why', async () => {
    await settled()
    await tab('Changes')
    const rows = page().getByRole('grid', { name: 'Changes against the preset' })
    await rows.locator('[aria-rowindex="2"]').click()
    const reason = page().getByRole('region', { name: /^Why .* has its format$/ })
    await reason.getByText('A byte is worth', { exact: false }).waitFor()
    expect(await reason.getByRole('row').count()).toBeGreaterThan(3)
    await button('Close the explanation').click()
  })

  it('copies the llama-quantize command', async () => {
    await button('Copy llama-quantize command').click()
    await page().getByText('llama-quantize --imatrix', { exact: false }).waitFor()
    await button('Copy').click()
    await page().getByText('Copied the command for bash.').first().waitFor()
    const copied = await page().evaluate(() => navigator.clipboard.readText())
    expect(copied).toContain('--tensor-type-file')
    await page().keyboard.press('Escape')
  })

  it('saves the plan and loads it again', async () => {
    const bytes = await settled()
    await button('Save the plan').click()
    await page().getByText('Plan as JSON…').click()
    const path = await saveAs('mine.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ schema: 1, fileBytes: bytes })
    await button('Reset the plan').click()
    await expect.poll(planBytes).toBeGreaterThan(bytes)
    await load('mine.json')
    await expect.poll(planBytes).toBe(bytes)
  })

  it('saves it as a recipe too, and knows one when it is loaded', async () => {
    const bytes = await planBytes()
    await button('Save the plan').click()
    await page().getByText('Recipe for --tensor-type-file…').click()
    const path = await saveAs('recipe.txt')
    expect(existsSync(path) && readFileSync(path, 'utf8')).toContain('attn_q')
    await button('Reset the plan').click()
    await expect.poll(planBytes).toBeGreaterThan(bytes)
    await load('recipe.txt')
    await expect.poll(planBytes).toBe(bytes)
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})
