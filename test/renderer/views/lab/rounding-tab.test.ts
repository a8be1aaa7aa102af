import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, expect, test, vi } from 'vitest'
import type { CubeReply, CubeRequest } from '../../../../renderer/views/lab/cube/protocol.ts'
import { PictureServer } from '../../../../renderer/views/lab/cube/serve-pictures.ts'
import RoundingTab from '../../../../renderer/views/lab/RoundingTab.vue'
import { installFakeBridge } from '../../../support/fake-bridge.ts'

/** The worker's own code, without a thread. */
class WorkerInWindow extends EventTarget {
  static closed = 0
  readonly #server = new PictureServer((reply: CubeReply) => {
    this.dispatchEvent(new MessageEvent('message', { data: reply }))
  })

  postMessage(request: CubeRequest): void {
    queueMicrotask(() => void this.#server.answer(request))
  }

  terminate(): void {
    WorkerInWindow.closed += 1
  }
}

beforeEach(() => {
  vi.stubGlobal('Worker', WorkerInWindow)
  installFakeBridge()
})

test('shows the figures of both roundings, and the code under the centre', async () => {
  const tab = mount(RoundingTab)
  await flushPromises()
  const text = tab.text().replaceAll(/\s+/g, ' ')
  expect(text).toContain('290 directions')
  expect(text).toContain('Cells on this face65')
  expect(text).toContain('Cells on this face49')
  expect(text).toContain('Best rounding (1, 0, 0)')
  expect(text).toContain('Absmax rounding (3, 0, 0)')
  tab.unmount()
})

test('keys move and zoom the view of both pictures, and other keys are left alone', async () => {
  const tab = mount(RoundingTab)
  const canvas = tab.find('canvas')
  await canvas.trigger('keydown', { key: '+' })
  expect(tab.text()).toContain('1.50×')
  await canvas.trigger('keydown', { key: 'ArrowRight' })
  expect(tab.text()).toContain('(1, 0.133, 0.000)')
  await canvas.trigger('keydown', { key: 'Home', ctrlKey: true })
  expect(tab.text()).toContain('1.50×')
  await canvas.trigger('keydown', { key: 'Home' })
  expect(tab.text()).toContain('1.00×')
  tab.unmount()
})

test('its workers end with it', () => {
  const before = WorkerInWindow.closed
  mount(RoundingTab).unmount()
  expect(WorkerInWindow.closed - before).toBe(3)
})
