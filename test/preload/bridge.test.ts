import * as electron from 'electron'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Bridge } from '../../preload/contract.ts'
import type * as Fake from '../support/electron.ts'

const { contextBridge, ipcRenderer } = electron as unknown as typeof Fake

let bridge: Bridge
beforeAll(async () => {
  await import('../../preload/index.ts')
  bridge = contextBridge.exposed.get('quantaloupe') as Bridge
})

describe('the bridge', () => {
  it('is all that the page gets', () => {
    expect([...contextBridge.exposed.keys()]).toEqual(['quantaloupe'])
    expect(Object.keys(bridge)).toEqual(['call', 'on', 'onGap', 'pathOfDrop'])
  })

  it('passes calls on as they are', async () => {
    const outcome = { ok: true, value: [] }
    ipcRenderer.invoke.mockResolvedValueOnce(outcome)
    expect(await bridge.call('models.list', null)).toBe(outcome)
    expect(ipcRenderer.invoke).toHaveBeenCalledExactlyOnceWith('quantaloupe:call', 'models.list', null)
  })

  it('gives a listener the payload of its event, without Electron’s own objects', () => {
    const listener = vi.fn()
    bridge.on('openPath', listener)
    ipcRenderer.emit('quantaloupe:event', { sender: 'internals' }, 'openPath', { path: '/a' })
    ipcRenderer.emit('quantaloupe:event', {}, 'command', { command: 'undo' })
    expect(listener.mock.calls).toEqual([[{ path: '/a' }]])
  })

  it('ends a subscription', () => {
    const listener = vi.fn()
    bridge.on('models', listener)()
    ipcRenderer.emit('quantaloupe:event', {}, 'models', [])
    expect(listener).not.toHaveBeenCalled()
  })

  it('tells the path of a dropped file', async () => {
    const files = [new File(['x'], 'a.gguf')]
    expect(await bridge.pathOfDrop(files, () => undefined)).toEqual({ ok: true, value: '/models/a.gguf' })
  })

  it('tells the folder of several dropped files', async () => {
    const files = [new File(['x'], 'config.json'), new File(['x'], 'model.safetensors')]
    expect(await bridge.pathOfDrop(files, () => undefined)).toEqual({ ok: true, value: '/models' })
  })

  it('refuses what is no file on the disk', async () => {
    const outcome = await bridge.pathOfDrop([new File([], 'dragged text')], () => undefined)
    expect(outcome).toMatchObject({ ok: false, error: { code: 'NOT_A_FILE' } })
  })
})
