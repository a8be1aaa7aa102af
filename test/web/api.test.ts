import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, errorCode, send, startTestHost, type TestHost } from '../support/web-client.ts'

const LIMITS = { bodyBytes: 1000, bodyMs: 200, eventClients: 3 }

let host: TestHost
let cookie = ''
beforeAll(async () => {
  host = await startTestHost(LIMITS)
  cookie = await host.enter()
})
afterAll(() => host.close())

const port = (): number => host.server.port

function post(path: string, body: string): ReturnType<typeof send> {
  return send(port(), { method: 'POST', path, headers: { cookie, 'content-type': 'application/json' }, body })
}

describe('a call', () => {
  it('answers with the outcome of the method', async () => {
    const reply = await call(host, cookie, 'host.info', null)
    const { value } = JSON.parse(reply.text) as { value: { host: string; roots: string[] } }
    expect([reply.status, value.host, value.roots]).toEqual([200, 'browser', [host.root]])
  })

  it('brings an error of the method as an outcome', async () => {
    const reply = await call(host, cookie, 'files.list', { path: host.folder })
    expect([reply.status, errorCode(reply)]).toEqual([200, 'OUTSIDE_ROOTS'])
  })

  it.each(['no.such', 'constructor', '__proto__', 'toString', 'host.info%2f..'])(
    'of the unknown method %s is refused',
    async (method) => {
      const reply = await call(host, cookie, method, null)
      expect([reply.status, errorCode(reply)]).toEqual([404, 'UNKNOWN_METHOD'])
    },
  )

  it('with a request of the wrong shape is refused', async () => {
    const reply = await call(host, cookie, 'files.list', { path: 7 })
    expect([reply.status, errorCode(reply)]).toEqual([400, 'BAD_REQUEST'])
  })

  it('that is not JSON is refused', async () => {
    const reply = await post('/api/call/host.info', '{')
    expect([reply.status, errorCode(reply)]).toEqual([400, 'BAD_REQUEST'])
  })

  it('answers to POST alone', async () => {
    const reply = await send(port(), { path: '/api/call/host.info', headers: { cookie } })
    expect([reply.status, errorCode(reply)]).toEqual([405, 'WRONG_VERB'])
  })

  it('that is too large is refused', async () => {
    const reply = await post('/api/call/host.info', ' '.repeat(LIMITS.bodyBytes + 1))
    expect([reply.status, errorCode(reply)]).toEqual([413, 'BODY_TOO_LARGE'])
  })

  it('that is too large and does not say so is refused', async () => {
    const head = requestHead('transfer-encoding: chunked')
    const chunk = ' '.repeat(600)
    const reply = await raw(`${head}258\r\n${chunk}\r\n258\r\n${chunk}\r\n`)
    expect(reply).toContain('BODY_TOO_LARGE')
  })

  it('that does not arrive is given up', async () => {
    expect(await raw(`${requestHead('content-length: 100')}half`)).toContain('REQUEST_TIMEOUT')
  })
})

describe('events', () => {
  it('reach every page under their names', async () => {
    const pages = await Promise.all([openEvents(), openEvents()])
    const model = new URL('../models/novelist-7m/novelist-7m-f16.gguf', import.meta.url)
    copyFileSync(model, `${host.root}/model.gguf`)
    await call(host, cookie, 'models.open', { path: `${host.root}/model.gguf` })
    for (const page of pages) {
      const text = await page.until(/event: models\ndata: (.*)\n\n/)
      expect(JSON.parse(text) as unknown).toMatchObject([{ name: 'novelist-7m' }])
      page.close()
    }
  })

  it('are refused to one page too many', async () => {
    const pages = await Promise.all([openEvents(), openEvents(), openEvents()])
    const reply = await send(port(), { path: '/api/events', headers: { cookie } })
    expect([reply.status, errorCode(reply)]).toEqual([503, 'TOO_MANY_CLIENTS'])
    for (const page of pages) page.close()
  })

  it('are given again when a page has gone', async () => {
    const pages = await Promise.all([openEvents(), openEvents(), openEvents()])
    pages[0]?.close()
    await expect.poll(() => openEvents().then((page) => page.close())).toBeUndefined()
    for (const page of pages) page.close()
  })
})

function requestHead(...lines: string[]): string {
  const fixed = [`host: 127.0.0.1:${port()}`, `cookie: ${cookie}`, 'content-type: application/json']
  return `POST /api/call/host.info HTTP/1.1\r\n${[...fixed, ...lines].join('\r\n')}\r\n\r\n`
}

/** Sends bytes as they are and returns the answer's beginning. */
async function raw(text: string): Promise<string> {
  const socket = connect(port(), '127.0.0.1')
  socket.write(text)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString('utf8')
}

interface EventPage {
  until(pattern: RegExp): Promise<string>
  close(): void
}

/** @throws when the stream is refused */
async function openEvents(): Promise<EventPage> {
  const abort = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port()}/api/events`, {
    headers: { cookie },
    signal: abort.signal,
  })
  if (response.status !== 200 || response.body === null) throw new Error(`status ${response.status}`)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  return {
    async until(pattern) {
      let text = ''
      while (!pattern.test(text)) text += (await reader.read()).value ?? ''
      return pattern.exec(text)?.[1] ?? ''
    },
    close: () => abort.abort(),
  }
}
