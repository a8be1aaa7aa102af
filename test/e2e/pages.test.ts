import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../support/imports.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { choose, goTo, statusBar } from '../support/steps.ts'
import { dropFiles, openWorkstation } from '../support/workstation.ts'

const PAGES = [
  'overview', 'metadata', 'tensors', 'heatmap', 'compare?tab=formats', 'compare?tab=plans', 'compare?tab=models',
  'plan', 'verify?tab=runs', 'verify?tab=sensitivities', 'export', 'lab?tab=rounding', 'lab?tab=block',
] as const // prettier-ignore
const SIZES = [
  [1280, 800],
  [1920, 1080],
] as const
const PICTURES = join(ROOT, 'out/screenshots')

async function measureEverything(page: Page): Promise<void> {
  await page.evaluate(() => (location.hash = '#/heatmap'))
  await page.getByRole('button', { name: 'Analyze', exact: true }).click()
  await page.getByText('44 of 44 measured').waitFor()
  await page.getByRole('button', { name: 'Analyze', exact: true }).waitFor()
  await page.getByRole('grid').getByText('blk.2.ffn_down.weight').dblclick()
  await page.getByRole('button', { name: 'Measure this tensor' }).click()
  await page.getByText('25 of 28 measured').waitFor()
}

/** A mix that shows something: a preset, and more bits for the attention values. */
async function planMix(page: Page): Promise<void> {
  await goTo(page, 'Plan')
  await choose(page, 'Preset', 'Q4_K_M')
  await statusBar(page).getByText('4.97 bpw').waitFor()
  await choose(page, 'Tensors to change', 'attn_v')
  await choose(page, 'New format', 'Q6_K')
  await page.getByRole('button', { name: 'Change 6' }).click()
  await statusBar(page).getByText('5.01 bpw').waitFor()
}

/** Widths by which the page or one of its bars is wider than the window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
}

describe.each(['light', 'dark'] as const)('every page in %s', (colorScheme) => {
  const folder = new TemporaryFolder()
  it.each(SIZES)('fits %i x %i and logs no error', { timeout: 120_000 }, async (width, height) => {
    const model = join(folder.path, 'novelist-7m-f16.gguf')
    cpSync(join(ROOT, 'test/models/novelist-7m/novelist-7m-f16.gguf'), model)
    mkdirSync(PICTURES, { recursive: true })
    const workstation = await openWorkstation('browser', { root: folder.path, width, height, colorScheme })
    const { page } = workstation
    try {
      await dropFiles(page, [model])
      await page.getByText('Bytes by type').waitFor()
      await measureEverything(page)
      await planMix(page)
      for (const name of PAGES) {
        await page.evaluate((hash) => (location.hash = hash), `#/${name}`)
        await page.waitForTimeout(1000)
        await page.screenshot({
          path: join(PICTURES, `${name.replace('?tab=', '-')}-${colorScheme}-${width}.png`),
        })
        expect([name, await overflow(page)]).toEqual([name, 0])
      }
      expect(workstation.problems).toEqual([])
    } finally {
      await workstation.close()
    }
  })
})
