import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_TEXT } from '../../main/cli/demo-text.ts'
import { buildGguf } from '../support/gguf-builder.ts'
import { SAMPLE_GGUF } from '../support/sample-model.ts'
import { choose, closeError, goTo, onlyError, openServed, statusBar } from '../support/steps.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { openWorkstation, type Workstation } from '../support/workstation.ts'

/** A page and one of its tabs. */
const show = (workstation: Workstation, hash: string) =>
  workstation.page.evaluate((address) => (location.hash = address), hash)

describe('the verify page', () => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page
  const history = () => page().getByRole('grid', { name: 'Verified candidates' })
  const verify = () => page().getByRole('button', { name: 'Verify', exact: true })

  beforeAll(async () => {
    copyFileSync(SAMPLE_GGUF, join(folder.path, 'novelist-7m-f16.gguf'))
    folder.write('prose.txt', DEMO_TEXT)
    folder.write('short.txt', 'Too short.')
    workstation = await openWorkstation('browser', { root: folder.path })
    await openServed(page(), 'novelist-7m-f16.gguf')
    await page().getByText('Bytes by type').waitFor()
    await goTo(page(), 'Verify')
  })
  afterAll(() => workstation.close())

  it('asks for a plan, then for a text', async () => {
    const hint = page().getByRole('main').getByRole('status')
    await hint.filter({ hasText: 'The plan keeps everything as stored' }).waitFor()
    expect(await verify().isDisabled()).toBe(true)
    await goTo(page(), 'Plan')
    await choose(page(), 'Preset', 'Q4_K_M')
    await statusBar(page()).getByText('4.97 bpw').waitFor()
    await goTo(page(), 'Verify')
    await hint.filter({ hasText: 'Choose a text first.' }).waitFor()
  })

  it('offers texts of the served folder, and no weights', async () => {
    await page().getByRole('button', { name: 'Browse…' }).click()
    const dialog = page().getByRole('dialog', { name: 'Choose a text' })
    await dialog.getByRole('button', { name: 'prose.txt' }).click()
    expect(await dialog.getByRole('button', { name: 'novelist-7m-f16.gguf' }).isDisabled()).toBe(true)
    await dialog.getByRole('button', { name: 'Open' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(await page().getByLabel('Text', { exact: true }).inputValue()).toBe(join(folder.path, 'prose.txt'))
  })

  it('tells of a text that is too short, and starts nothing', async () => {
    await page().getByLabel('Text', { exact: true }).fill(join(folder.path, 'short.txt'))
    await verify().click()
    expect(await onlyError(page())).toContain('The text has only 10 bytes')
    await closeError(page())
    await page().getByText('Nothing yet.').waitFor()
    await page().getByLabel('Text', { exact: true }).fill(join(folder.path, 'prose.txt'))
  })

  it('verifies the plan in llama.cpp and keeps the figures', async () => {
    await page().getByLabel('Tokens per chunk').fill('128')
    await page().getByLabel('Chunks', { exact: true }).fill('2')
    await page().getByLabel('Label').fill('four bits')
    await verify().click()
    await history().getByText('four bits').waitFor()
    const cells = await history().locator('[aria-rowindex="2"]').getByRole('gridcell').allTextContents()
    const [label, method, file, bpw, kld, perplexity, same] = cells.map((text) => text.trim())
    expect([label, method, file, bpw]).toEqual(['four bits', 'reference', '4.13 MiB', '4.97'])
    expect(Number(kld?.split(' ')[0])).toBeGreaterThan(0)
    expect(Number(kld?.split(' ')[0])).toBeLessThan(0.1)
    expect(perplexity).toMatch(/^[\d.]+ → [\d.]+ \([+−][\d.]+ %\)$/)
    expect(Number.parseFloat(same ?? '')).toBeGreaterThan(80)
  })

  it('makes a verified plan the current one again', async () => {
    await goTo(page(), 'Plan')
    await choose(page(), 'Preset', 'Q8_0')
    await statusBar(page()).getByText('8.51 bpw').waitFor()
    await goTo(page(), 'Verify')
    await history().getByText('four bits').click()
    await page().getByRole('button', { name: 'Apply this plan' }).click()
    await statusBar(page()).getByText('4.97 bpw').waitFor()
  })

  it('shows its result beside the plan in the comparison of plans', async () => {
    await show(workstation, '#/compare?tab=plans')
    await page().getByLabel('Put the current plan in A').click()
    await choose(page(), 'Preset for plan B', 'Q3_K_M')
    await page().getByText('tensors differ').waitFor()
    const [a, b] = ['A', 'B'].map((name) => page().getByRole('region', { name: `Plan ${name}` }))
    expect(await a?.textContent()).toMatch(/Verified KLD0\.00\d+ ±/)
    expect(await b?.textContent()).toContain('Verified KLDnot yet')
    await b?.getByRole('button', { name: 'Use this one' }).click()
    await statusBar(page()).getByText('4.22 bpw').waitFor()
  })

  it('says in the words of llama.cpp why a candidate can not be loaded', async () => {
    const metadata = [['general.architecture', 'string', 'llama']] as const
    const broken = folder.write(
      'broken.gguf',
      buildGguf({ metadata, tensors: [{ name: 'output.weight', shape: [32, 2] }] }),
    )
    await goTo(page(), 'Verify')
    await page().getByText('GGUF file').click()
    await page().getByLabel('File', { exact: true }).fill(broken)
    await verify().click()
    const alert = page().getByRole('main').getByRole('alert')
    await alert.getByText('llama.context_length').waitFor()
    expect(await alert.textContent()).toContain('broken.gguf')
    const notice = page().locator('.n-notification').filter({ hasText: 'broken.gguf' })
    await notice.locator('.n-base-close').click()
    await page().getByRole('button', { name: 'Remove from the list' }).click()
    await alert.waitFor({ state: 'detached' })
    await statusBar(page()).getByText('4.22 bpw').waitFor()
  })

  it('forgets what is no longer wanted', async () => {
    await show(workstation, '#/verify?tab=runs')
    await history().getByText('four bits').click()
    await page().getByRole('button', { name: 'Forget' }).click()
    await page().getByText('Nothing yet.').waitFor()
  })

  it('logged no error', () => {
    expect(workstation.problems.filter((problem) => !problem.startsWith('Failed to load resource'))).toEqual(
      [],
    )
  })
})

describe('sensitivities', () => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page

  beforeAll(async () => {
    copyFileSync(SAMPLE_GGUF, join(folder.path, 'novelist-7m-f16.gguf'))
    folder.write('prose.txt', DEMO_TEXT)
    workstation = await openWorkstation('browser', { root: folder.path })
    await openServed(page(), 'novelist-7m-f16.gguf')
    await page().getByText('Bytes by type').waitFor()
    await show(workstation, '#/verify?tab=sensitivities')
  })
  afterAll(() => workstation.close())

  it('estimates before it measures', async () => {
    const measure = page().getByRole('button', { name: 'Measure', exact: true })
    expect(await measure.isDisabled()).toBe(true)
    await page().getByLabel('Text', { exact: true }).fill(join(folder.path, 'prose.txt'))
    await page().getByLabel('Tokens at most').fill('64')
    await page().getByLabel('Tokens in a chunk').fill('64')
    await choose(page(), 'What is replaced at a time', 'each role, all layers together')
    await page().getByRole('button', { name: 'Estimate' }).click()
    await page().getByText('18 of 64 tokens').waitFor()
    await measure.click()
  })

  it('shows every group, and judges plans by them', async () => {
    await page().getByText('44 of 44 tensors measured').waitFor()
    await page().getByText('Table', { exact: true }).click()
    const grid = page().getByRole('grid', { name: 'Measured sensitivities' })
    await grid.getByText('ffn_down, layers 0 to 5').waitFor()
    expect(await grid.getAttribute('aria-rowcount')).toBe('10')
    await page().getByRole('button', { name: 'In use for plans' }).waitFor()
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})

describe('two opened models', () => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page
  const grid = () => page().getByRole('grid', { name: 'Tensors of both models' })
  const firstRow = () => grid().locator('[aria-rowindex="2"]')

  beforeAll(async () => {
    copyFileSync(SAMPLE_GGUF, join(folder.path, 'novelist-7m-f16.gguf'))
    workstation = await openWorkstation('browser', { root: folder.path })
    await openServed(page(), 'novelist-7m-f16.gguf')
    await page().getByText('Bytes by type').waitFor()
    await show(workstation, '#/compare?tab=models')
    await page().getByText('One model is open').waitFor()
    await goTo(page(), 'Plan')
    await choose(page(), 'Preset', 'Q3_K_M')
    await goTo(page(), 'Export')
    await page().getByLabel('File', { exact: true }).fill(join(folder.path, 'three.gguf'))
    await page().getByRole('button', { name: 'Export', exact: true }).click()
    await page().getByText('SHA-256').first().waitFor()
    await openServed(page(), 'three.gguf')
    await show(workstation, '#/compare?tab=models')
  })
  afterAll(() => workstation.close())

  it('are aligned by name, the largest change of bytes first', async () => {
    await page().getByText('44 of 57 differ').waitFor()
    const cells = await firstRow().getByRole('gridcell').allTextContents()
    expect(cells.slice(0, 3).map((text) => text.trim())).toEqual(['token_embd.weight', 'F16', 'Q3_K'])
  })

  it('are compared where somebody looks, and all when asked', async () => {
    await firstRow()
      .getByText(/^0\.1\d+$/)
      .waitFor()
    await page().getByRole('button', { name: 'Compare all' }).click()
    await page().getByText('not compared yet').waitFor({ state: 'detached' })
    await grid().focus()
    await page().keyboard.press('End')
    await grid().locator('[aria-rowindex="58"]').getByText('identical').waitFor()
  })

  it('are filtered', async () => {
    await page().getByLabel('Find pairs by name').fill('ffn_down')
    await page().waitForFunction(
      () => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === '7',
    )
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})
