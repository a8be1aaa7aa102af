import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { call } from '../../../renderer/bridge/index.ts'
import { createBrowserBridge } from '../../../renderer/bridge/browser-bridge.ts'
import { readOutcome } from '../../../renderer/bridge/outcome.ts'

afterEach(() => {
  delete window.quantaloupe
  vi.unstubAllGlobals()
})

describe('a call', () => {
  it('answers with an error when the host cannot be reached', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')))
    const outcome = await call('host.info', null)
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: 'HOST_UNREACHABLE', expected: 'fetch failed' },
    })
  })

  it('posts its request as JSON to the address of the method', async () => {
    const fetched = vi.fn<typeof fetch>(() => Promise.resolve(new Response('{"ok":true,"value":[]}')))
    vi.stubGlobal('fetch', fetched)
    const bridge = createBrowserBridge('http://127.0.0.1:1')
    expect(await bridge.call('files.list', { path: '/models' })).toEqual({ ok: true, value: [] })
    const [url, init] = fetched.mock.calls[0] ?? []
    expect(url).toBe('http://127.0.0.1:1/api/call/files.list')
    expect(init).toMatchObject({ method: 'POST', body: '{"path":"/models"}' })
  })
})

describe('a reply', () => {
  it('passes the error of the host on, whatever its status', async () => {
    const body = JSON.stringify({ ok: false, error: { code: 'BAD_REQUEST', message: 'No', fault: 'bug' } })
    const outcome = await readOutcome(new Response(body, { status: 400 }))
    expect(outcome).toMatchObject({ ok: false, error: { code: 'BAD_REQUEST' } })
  })

  it('is an error when it is no outcome at all', async () => {
    const outcome = await readOutcome(new Response('<html>', { status: 502 }))
    expect(outcome).toMatchObject({ ok: false, error: { code: 'BAD_REPLY' } })
  })

  it('says what to do when the page is not known any more', async () => {
    const outcome = await readOutcome(new Response('', { status: 401 }))
    expect(outcome).toMatchObject({ ok: false, error: { code: 'NOT_ALLOWED', fault: 'input' } })
  })
})

describe('the events', () => {
  class FakeEventSource extends EventTarget {
    static readonly made: FakeEventSource[] = []
    static readonly CLOSED = 2
    readyState = 1
    readonly url: string

    constructor(url: string) {
      super()
      this.url = url
      FakeEventSource.made.push(this)
    }
  }

  beforeEach(() => {
    FakeEventSource.made.length = 0
    vi.stubGlobal('EventSource', FakeEventSource)
  })

  const tell = (event: string, payload: unknown) =>
    FakeEventSource.made.at(-1)?.dispatchEvent(new MessageEvent(event, { data: JSON.stringify(payload) }))

  it('share one connection and reach only those who asked', () => {
    const bridge = createBrowserBridge('http://127.0.0.1:1')
    const opened: unknown[] = []
    const models: unknown[] = []
    bridge.on('openPath', (payload) => opened.push(payload))
    bridge.on('models', (payload) => models.push(payload))
    tell('openPath', { path: '/a' })
    expect(FakeEventSource.made).toHaveLength(1)
    expect(opened).toEqual([{ path: '/a' }])
    expect(models).toEqual([])
  })

  it('stop after the subscription ended', () => {
    const bridge = createBrowserBridge('http://127.0.0.1:1')
    const opened: unknown[] = []
    const stop = bridge.on('openPath', (payload) => opened.push(payload))
    stop()
    tell('openPath', { path: '/a' })
    expect(opened).toEqual([])
  })

  it('go on over a new connection after a refusal', () => {
    vi.useFakeTimers()
    const bridge = createBrowserBridge('http://127.0.0.1:1')
    const opened: unknown[] = []
    bridge.on('openPath', (payload) => opened.push(payload))
    const [first] = FakeEventSource.made
    if (first) first.readyState = FakeEventSource.CLOSED
    first?.dispatchEvent(new Event('error'))
    vi.runAllTimers()
    vi.useRealTimers()
    tell('openPath', { path: '/b' })
    expect(FakeEventSource.made).toHaveLength(2)
    expect(opened).toEqual([{ path: '/b' }])
  })

  it('tell of a gap when the connection comes back, not when it first opens', () => {
    const bridge = createBrowserBridge('http://127.0.0.1:1')
    let gaps = 0
    bridge.onGap(() => (gaps += 1))
    bridge.on('models', () => undefined)
    const [source] = FakeEventSource.made
    source?.dispatchEvent(new Event('open'))
    expect(gaps).toBe(0)
    source?.dispatchEvent(new Event('error'))
    source?.dispatchEvent(new Event('open'))
    expect(gaps).toBe(1)
  })
})
