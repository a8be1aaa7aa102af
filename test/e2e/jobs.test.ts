import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeHeavyModel } from '../support/heavy-model.ts'
import { goTo, openServed, statusBar } from '../support/steps.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { openWorkstation, type Workstation } from '../support/workstation.ts'

const LAYERS = 32
const work = (page: Page) => statusBar(page).getByRole('region', { name: 'Running work' })

/** Tensors that the job of the bottom bar has finished. */
async function finished(page: Page): Promise<number> {
  const text = (await work(page).textContent()) ?? ''
  return Number(new RegExp(`(\\d+)/${LAYERS} tensors`).exec(text)?.[1] ?? 0)
}

async function waitFor(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`Never happened: ${what}`)
}

async function startAnalysis(page: Page): Promise<void> {
  await openServed(page, 'heavy.gguf')
  await page.getByText('Bytes by type').waitFor()
  await goTo(page, 'Heatmap')
  await page.getByRole('button', { name: 'Analyze', exact: true }).click()
  await work(page)
    .getByText('all rows')
    .or(work(page).getByText(`/${LAYERS} tensors`))
    .first()
    .waitFor()
}

/** The exact pass follows a sample of every tensor, which is a job of its own. */
async function reachExactPass(page: Page, tensors: number): Promise<void> {
  await waitFor(
    async () => (await work(page).getByText('1 more').count()) === 0 && (await finished(page)) >= tensors,
    `${tensors} tensors measured exactly`,
  )
}

describe('an analysis in the bottom bar', () => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page

  beforeAll(async () => {
    writeHeavyModel(join(folder.path, 'heavy.gguf'), LAYERS)
    workstation = await openWorkstation('browser', { root: folder.path })
    await startAnalysis(page())
    await reachExactPass(page(), 2)
  })
  afterAll(() => workstation.close())

  it('rests when it is paused', async () => {
    await work(page()).getByRole('button', { name: 'Pause' }).click()
    await work(page()).getByText('paused').waitFor()
    const before = await finished(page())
    await page().waitForTimeout(700)
    expect(await finished(page())).toBe(before)
    expect(before).toBeLessThan(LAYERS)
  })

  it('goes on from there', async () => {
    const before = await finished(page())
    await work(page()).getByRole('button', { name: 'Continue' }).click()
    await waitFor(async () => (await finished(page())) > before, 'progress after the pause')
  })

  it('ends when it is stopped, and keeps what it measured', async () => {
    await work(page()).getByRole('button', { name: 'Stop' }).click()
    await work(page()).getByText('Nothing is running').waitFor()
    await work(page()).getByRole('button', { name: 'Jobs' }).click()
    await page().getByText('cancelled').first().waitFor()
    await page().getByRole('button', { name: 'Analyze', exact: true }).waitFor()
    const shown = (await page().getByText(`of ${LAYERS} measured`).textContent()) ?? ''
    expect(Number.parseInt(shown, 10)).toBeGreaterThan(0)
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})

describe('an analysis whose host is killed', () => {
  const folder = new TemporaryFolder()
  const dataFolder = mkdtempSync(join(tmpdir(), 'quantaloupe-data-'))
  let workstation: Workstation
  let before = 0
  const page = () => workstation.page

  beforeAll(async () => {
    writeHeavyModel(join(folder.path, 'heavy.gguf'), LAYERS)
    workstation = await openWorkstation('browser', { root: folder.path, dataFolder })
    await startAnalysis(page())
    await reachExactPass(page(), 4)
    before = await finished(page())
    await workstation.kill()
    workstation = await openWorkstation('browser', { root: folder.path, dataFolder })
  })
  afterAll(async () => {
    await workstation.close()
    rmSync(dataFolder, { recursive: true, force: true })
  })

  it('is listed as interrupted', async () => {
    await work(page()).getByText('interrupted').waitFor()
    expect(before).toBeLessThan(LAYERS)
  })

  it('still has the tensors that were measured', async () => {
    await openServed(page(), 'heavy.gguf')
    await goTo(page(), 'Heatmap')
    const sampled = page().getByText('from a sample of rows')
    await sampled.waitFor()
    const estimates = Number.parseInt((await sampled.textContent()) ?? '', 10)
    expect(LAYERS - estimates).toBeGreaterThanOrEqual(before)
  })

  it('is finished after it is continued', async () => {
    await work(page()).getByRole('button', { name: 'Continue' }).click()
    await page().getByText('from a sample of rows').waitFor({ state: 'detached' })
    await work(page()).getByText('Nothing is running').waitFor()
    await page().getByText(`${LAYERS} of ${LAYERS} measured`).waitFor()
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})
