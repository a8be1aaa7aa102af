import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { dropFiles, openWorkstation } from '../support/workstation.ts'
import { writeWideModel } from '../support/wide-model.ts'
import { rounded, type Row, type Suite } from './suite.ts'

/** One thing a person does, and how often the frames are watched while it is done. */
interface Action {
  readonly name: string
  readonly page: 'tensors' | 'heatmap'
  perform(page: Page): Promise<void>
}

const ACTIONS: readonly Action[] = [
  { name: 'scroll the table', page: 'tensors', perform: scrollTable },
  { name: 'sort by name, bytes and role', page: 'tensors', perform: sortTable },
  { name: 'type a filter', page: 'tensors', perform: typeFilter },
  { name: 'move over the heatmap', page: 'heatmap', perform: moveOverHeatmap },
]

/** The longest frame while somebody works on a model of 20,000 tensors, in a real browser. */
export const framesSuite: Suite = {
  name: 'frames',
  title: 'window with 20,000 tensors: frames while working (milliseconds)',
  async run(folder) {
    const model = join(folder, 'wide.gguf')
    const tensors = writeWideModel(model)
    const workstation = await openWorkstation('browser', { root: folder, width: 1920, height: 1080 })
    try {
      await dropFiles(workstation.page, [model])
      await measureModel(workstation.page, tensors)
      return await measureActions(workstation.page)
    } finally {
      await workstation.close()
    }
  },
}

/** Fills the heatmap through its own button, as a person would. */
async function measureModel(page: Page, tensors: number): Promise<void> {
  await page.getByText('wide').first().waitFor()
  await show(page, 'heatmap')
  await page.getByRole('button', { name: 'Analyze', exact: true }).click()
  await page.getByRole('button', { name: 'Analyzing' }).waitFor({ state: 'visible' })
  await page.getByRole('button', { name: 'Analyze', exact: true }).waitFor({ timeout: tensors * 50 })
}

async function measureActions(page: Page): Promise<Row[]> {
  const rows: Row[] = []
  for (const action of ACTIONS) {
    await show(page, action.page)
    const { gaps, longFrames } = await watchFrames(page, () => action.perform(page))
    gaps.sort((a, b) => a - b)
    rows.push({
      action: action.name,
      frames: gaps.length,
      medianGapMs: rounded(gaps[gaps.length >> 1] ?? NaN),
      p99GapMs: rounded(gaps[Math.floor(gaps.length * 0.99)] ?? NaN),
      longestGapMs: rounded(gaps.at(-1) ?? NaN),
      framesOver50Ms: longFrames,
    })
  }
  return rows
}

/** Opens a page and lets it come to rest: what is measured is work on it, not its opening. */
async function show(page: Page, name: string): Promise<void> {
  await page.evaluate((hash) => (location.hash = hash), `#/${name}`)
  await page.waitForTimeout(2000)
}

interface Frames {
  /** Times between animation frames. They also wait for the compositor, which paints in software here. */
  readonly gaps: number[]
  /** Frames whose own work, script to layout, took more than 50 ms: the browser's long animation frames. */
  readonly longFrames: number
}

async function watchFrames(page: Page, act: () => Promise<void>): Promise<Frames> {
  await page.evaluate(() => {
    const times: number[] = []
    const tick = (time: number): void => {
      times.push(time)
      if (!('stopFrames' in window)) requestAnimationFrame(tick)
    }
    const count = { long: 0 }
    const observer = new PerformanceObserver((list) => (count.long += list.getEntries().length))
    observer.observe({ type: 'long-animation-frame' })
    Object.assign(window, { frameTimes: times, frameObserver: observer, frameCount: count })
    requestAnimationFrame(tick)
  })
  await act()
  return page.evaluate(async () => {
    const watched = window as unknown as {
      frameTimes: number[]
      frameObserver: PerformanceObserver
      frameCount: { long: number }
      stopFrames?: true
    }
    watched.stopFrames = true
    await new Promise(requestAnimationFrame)
    delete watched.stopFrames
    const longFrames = watched.frameCount.long + watched.frameObserver.takeRecords().length
    watched.frameObserver.disconnect()
    const gaps = watched.frameTimes.slice(1).map((time, index) => time - (watched.frameTimes[index] ?? time))
    return { gaps, longFrames }
  })
}

async function scrollTable(page: Page): Promise<void> {
  const box = await page.getByRole('grid').boundingBox()
  await page.mouse.move((box?.x ?? 0) + 300, (box?.y ?? 0) + 300)
  for (let step = 0; step < 80; step += 1) await page.mouse.wheel(0, 1500)
}

async function sortTable(page: Page): Promise<void> {
  for (const name of ['Name', 'Bytes', 'Role', 'Name']) {
    await page.getByRole('columnheader', { name }).getByRole('button').click()
    await page.waitForTimeout(300)
  }
}

async function typeFilter(page: Page): Promise<void> {
  const input = page.getByLabel('Find tensors by name')
  await input.pressSequentially('blk.*.ffn_up.1*', { delay: 60 })
  await page.waitForTimeout(300)
  await input.fill('')
  await page.waitForTimeout(300)
}

async function moveOverHeatmap(page: Page): Promise<void> {
  const box = await page.locator('canvas').first().boundingBox()
  if (!box) throw new Error('The heatmap is not on screen')
  for (let step = 0; step < 200; step += 1) {
    const across = box.x + box.width * (0.1 + 0.8 * ((step % 40) / 40))
    const down = box.y + box.height * (0.1 + (0.6 * step) / 200)
    await page.mouse.move(across, down)
  }
}
