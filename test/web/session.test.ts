import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { call, errorCode, send, startTestHost, type TestHost } from '../support/web-client.ts'

let host: TestHost
beforeEach(async () => {
  host = await startTestHost()
})
afterEach(() => host.close())

const port = (): number => host.server.port
const tokenPath = (): string => `/${new URL(host.server.address).search}`

describe('the one-time token', () => {
  it('is traded for a cookie that scripts and other sites do not see', async () => {
    const reply = await send(port(), { path: tokenPath() })
    expect(reply.status).toBe(303)
    expect(reply.headers.location).toBe('/')
    expect(reply.headers['set-cookie']?.[0]).toMatch(
      /^quantaloupe-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    )
  })

  it('opens the window to the browser that has the cookie', async () => {
    const cookie = await host.enter()
    const reply = await send(port(), { path: '/', headers: { cookie } })
    expect([reply.status, reply.text]).toEqual([200, '<!doctype html><title>window</title>'])
  })

  it('is spent after its first use, and the page says what to do', async () => {
    await host.enter()
    const again = await send(port(), { path: tokenPath(), headers: { accept: 'text/html' } })
    expect(again.status).toBe(401)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(again.text).toContain('restart quantaloupe')
  })

  it('still leads the browser that used it to the window', async () => {
    const cookie = await host.enter()
    const again = await send(port(), { path: tokenPath(), headers: { cookie } })
    expect([again.status, again.headers.location]).toEqual([303, '/'])
  })

  it('cannot be guessed', async () => {
    const reply = await send(port(), { path: `/?token=${'A'.repeat(43)}` })
    expect([reply.status, errorCode(reply)]).toEqual([401, 'UNAUTHORIZED'])
  })
})

describe('a request without the cookie', () => {
  it.each(['/', '/index.html', '/assets/index-1234.js', '/api/events'])('is refused at %s', async (path) => {
    const reply = await send(port(), { path })
    expect([reply.status, errorCode(reply)]).toEqual([401, 'UNAUTHORIZED'])
  })

  it('calls no method', async () => {
    expect((await call(host, '', 'host.info', null)).status).toBe(401)
  })

  it('uploads nothing', async () => {
    const path = '/api/upload/12345678/a.gguf'
    expect((await send(port(), { method: 'PUT', path, body: 'x' })).status).toBe(401)
  })

  it('is refused with the cookie of another server', async () => {
    const cookie = (await host.enter()).replace(/=.*/, `=${'B'.repeat(43)}`)
    expect((await send(port(), { path: '/', headers: { cookie } })).status).toBe(401)
  })
})
