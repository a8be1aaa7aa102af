import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startApplication, type TestApplication } from '../support/application.ts'

let application: TestApplication
beforeAll(async () => {
  application = await startApplication()
})
afterAll(() => application.close())

describe('navigation', () => {
  it.each(['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview'])(
    'is denied on %s',
    (name) => {
      const event = { preventDefault: vi.fn() }
      application.contents.emit(name, event, 'https://evil.example')
      expect(event.preventDefault).toHaveBeenCalledOnce()
    },
  )
})

describe('a new window', () => {
  it.each(['https://evil.example', 'app://quantaloupe/index.html', 'file:///etc/passwd'])(
    'is denied for %s, and nothing is opened outside',
    (url) => {
      expect(application.contents.openHandler({ url })).toEqual({ action: 'deny' })
      expect(application.electron.shell.openExternal).not.toHaveBeenCalled()
    },
  )

  it.each([
    'http://github.com/',
    'https://github.com.evil.example/',
    'https://evil.example/?https://github.com',
    'https://user@evil.example/',
    'javascript:alert(1)',
    'not an address',
  ])('does not take %s for documentation', (url) => {
    application.contents.openHandler({ url })
    expect(application.electron.shell.openExternal).not.toHaveBeenCalled()
  })

  it('is denied for documentation, which opens in the browser instead', () => {
    const url = 'https://github.com/ggml-org/llama.cpp'
    expect(application.contents.openHandler({ url })).toEqual({ action: 'deny' })
    expect(application.electron.shell.openExternal).toHaveBeenCalledExactlyOnceWith(url)
  })
})

describe('permissions', () => {
  const ask = (permission: string): boolean => {
    const { permissionRequest, permissionCheck } = application.electron.session.defaultSession
    const answer = vi.fn()
    permissionRequest(application.contents, permission, answer)
    expect(permissionCheck(application.contents, permission)).toBe(answer.mock.calls[0]?.[0])
    return answer.mock.calls[0]?.[0] as boolean
  }

  it.each([
    'media',
    'geolocation',
    'notifications',
    'clipboard-read',
    'openExternal',
    'fileSystem',
    'hid',
    'usb',
  ])('are denied for %s', (permission) => {
    expect(ask(permission)).toBe(false)
  })

  it('let our page copy text', () => {
    expect(ask('clipboard-sanitized-write')).toBe(true)
  })

  it('let no other page copy text', () => {
    application.contents.mainFrame.url = 'https://evil.example'
    expect(ask('clipboard-sanitized-write')).toBe(false)
  })
})
