import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorCode, send, startTestHost, type TestHost } from '../support/web-client.ts'

let host: TestHost
let cookie = ''
beforeAll(async () => {
  host = await startTestHost()
  cookie = await host.enter()
})
afterAll(() => host.close())

const port = (): number => host.server.port

describe('the Host header', () => {
  it.each(['127.0.0.1', 'localhost'])('may name %s', async (name) => {
    const reply = await send(port(), { path: '/', headers: { cookie, host: `${name}:${port()}` } })
    expect(reply.status).toBe(200)
  })

  it.each(['evil.example', '127.0.0.1', '127.0.0.1.evil.example', '[::1]:80'])(
    'is refused when it is %s',
    async (name) => {
      const reply = await send(port(), { path: '/', headers: { cookie, host: name } })
      expect([reply.status, errorCode(reply)]).toEqual([403, 'FOREIGN_HOST'])
    },
  )
})

describe('the Origin header', () => {
  it('may be the server itself', async () => {
    const origin = `http://127.0.0.1:${port()}`
    expect((await send(port(), { path: '/', headers: { cookie, origin } })).status).toBe(200)
  })

  it.each(['http://evil.example', 'null', 'http://127.0.0.1:1', 'https://127.0.0.1'])(
    'is refused when it is %s',
    async (origin) => {
      const reply = await send(port(), { path: '/', headers: { cookie, origin } })
      expect([reply.status, errorCode(reply)]).toEqual([403, 'FOREIGN_ORIGIN'])
    },
  )
})

describe('a call caused by another page', () => {
  it.each(['cross-site', 'same-site', 'none'])('is refused when the browser says %s', async (site) => {
    const headers = { cookie, 'sec-fetch-site': site }
    const reply = await send(port(), { path: '/api/events', headers })
    expect([reply.status, errorCode(reply)]).toEqual([403, 'FOREIGN_ORIGIN'])
  })

  it('cannot be a plain form', async () => {
    const headers = { cookie, 'content-type': 'text/plain' }
    const reply = await send(port(), { method: 'POST', path: '/api/call/host.info', headers, body: 'null' })
    expect([reply.status, errorCode(reply)]).toEqual([415, 'NOT_JSON'])
  })
})

describe('every reply', () => {
  it.each(['/', '/assets/index-1234.js', '/nothing', '/api/nothing'])('is guarded at %s', async (path) => {
    const { headers } = await send(port(), { path, headers: { cookie } })
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['x-frame-options']).toBe('DENY')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('files of the window', () => {
  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/assets/../../secret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '//secret.txt',
    '/%00',
    '/etc/passwd',
  ])('do not include %s', async (path) => {
    const reply = await send(port(), { path, headers: { cookie } })
    expect([reply.status, reply.text.includes('not for the page')]).toEqual([404, false])
  })

  it('are not written to', async () => {
    const reply = await send(port(), { method: 'PUT', path: '/index.html', headers: { cookie }, body: 'x' })
    expect([reply.status, errorCode(reply)]).toEqual([405, 'WRONG_VERB'])
  })
})
