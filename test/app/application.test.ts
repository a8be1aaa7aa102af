import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startApplication, type StartOptions, type TestApplication } from '../support/application.ts'

let running: TestApplication | null = null
async function start(options: StartOptions = {}): Promise<TestApplication> {
  running = await startApplication(options)
  return running
}
afterEach(async () => {
  await running?.close()
  running = null
})

describe('the window', () => {
  it('has a sandboxed page that cannot reach Node', async () => {
    const { window } = await start()
    expect(window.options).toMatchObject({
      minWidth: 1024,
      minHeight: 640,
      show: false,
      webPreferences: {
        preload: '/built/preload/index.cjs',
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webviewTag: false,
      },
    })
  })

  it('does not loosen what Electron forbids by itself', async () => {
    const { window } = await start()
    const names = Object.keys(window.options['webPreferences'] as object)
    expect(names).not.toContain('webSecurity')
    expect(names).not.toContain('allowRunningInsecureContent')
    expect(names).not.toContain('experimentalFeatures')
  })

  it('loads the page from the scheme of the application and is shown when it is drawn', async () => {
    const { window, contents } = await start()
    expect(contents.getURL()).toBe('app://quantaloupe/index.html')
    expect(window.shown).toBe(true)
  })
})

describe('a call from the page', () => {
  it('is answered by the services', async () => {
    const { call } = await start()
    expect(await call('host.info', null)).toMatchObject({
      ok: true,
      value: { host: 'electron', roots: null },
    })
  })

  it('of an unknown method is an error, not a crash', async () => {
    const { call } = await start()
    expect(await call({}, null)).toMatchObject({ ok: false })
    expect(await call('no.such', null)).toMatchObject({ ok: false, error: { code: 'UNKNOWN_METHOD' } })
  })

  it.each([
    'https://evil.example/',
    'app://evil/index.html',
    'file:///etc/passwd',
    'about:blank',
    'data:text/html,x',
  ])('is refused from %s', async (url) => {
    const { call, contents } = await start()
    contents.mainFrame.url = url
    await expect(call('host.info', null)).rejects.toThrow('Foreign sender')
  })

  it('is refused from a frame inside the page', async () => {
    const { call } = await start()
    const frame = { url: 'app://quantaloupe/index.html' }
    await expect(call('host.info', null, frame)).rejects.toThrow('Foreign sender')
  })

  it('is refused from a frame that is gone', async () => {
    const { call } = await start()
    await expect(call('host.info', null, null)).rejects.toThrow('Foreign sender')
  })

  it('has one channel and no other', async () => {
    const { electron } = await start()
    expect([...electron.ipcMain.handlers.keys()]).toEqual(['quantaloupe:call'])
  })
})

describe('events of the services', () => {
  it('reach the page', async () => {
    const { call, contents } = await start()
    const path = new URL('../models/novelist-7m/novelist-7m-f16.gguf', import.meta.url).pathname
    await call('models.open', { path })
    expect(contents.sent).toContainEqual([
      'quantaloupe:event',
      'models',
      [expect.objectContaining({ name: 'novelist-7m' })],
    ])
  })
})

describe('a model on the command line', () => {
  it('is opened first', async () => {
    const { call } = await start({ operands: ['models/a.gguf'] })
    const info = (await call('host.info', null)) as { value: { initialModel: string } }
    expect(info.value.initialModel).toBe(join(process.cwd(), 'models/a.gguf'))
  })

  it('is found behind switches of Chromium, packaged or not', async () => {
    const { call } = await start({ operands: ['--no-sandbox', '/m/a.gguf'], isPackaged: true })
    expect(await call('host.info', null)).toMatchObject({ value: { initialModel: '/m/a.gguf' } })
  })

  it('goes to the window that is open when a second instance starts', async () => {
    const { electron, contents, window } = await start()
    window.minimized = true
    electron.app.emit('second-instance', {}, ['electron', '--flag', 'out/main/index.js', 'b.gguf'], '/models')
    expect(contents.sent).toContainEqual(['quantaloupe:event', 'openPath', { path: '/models/b.gguf' }])
    expect([window.minimized, window.focused]).toEqual([false, true])
  })

  it('comes from the file manager too', async () => {
    const { electron, contents } = await start()
    const event = { preventDefault: vi.fn() }
    electron.app.emit('open-file', event, '/models/c.gguf')
    expect(event.preventDefault).toHaveBeenCalled()
    expect(contents.sent).toContainEqual(['quantaloupe:event', 'openPath', { path: '/models/c.gguf' }])
  })
})

describe('a second instance', () => {
  it('ends without a window', async () => {
    const { electron } = await start({ lockGranted: false })
    expect([electron.app.quits, electron.BrowserWindow.created.length]).toEqual([1, 0])
  })

  it('is one per data folder', async () => {
    const { electron, folder } = await start()
    expect(electron.app.paths.get('userData')).toBe(join(folder, 'data', 'electron'))
  })
})

describe('quitting', () => {
  it('waits until the services are closed', async () => {
    const { electron } = await start()
    electron.app.quit()
    expect(electron.app.quits).toBe(0)
    await expect.poll(() => electron.app.quits).toBe(1)
  })

  it('closes the services once', async () => {
    const { electron } = await start()
    electron.app.quit()
    electron.app.quit()
    await expect.poll(() => electron.app.quits).toBe(1)
  })

  it('follows the last window', async () => {
    const { electron } = await start()
    electron.app.emit('window-all-closed')
    await expect.poll(() => electron.app.quits).toBe(process.platform === 'darwin' ? 0 : 1)
  })
})
