import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTENT_POLICY } from '../../preload/contract.ts'
import { startApplication, type TestApplication } from '../support/application.ts'

let application: TestApplication
beforeAll(async () => {
  application = await startApplication()
})
afterAll(() => application.close())

function load(url: string, method = 'GET'): Promise<Response> {
  const handler = application.electron.protocol.handlers.get('app')!
  // A Request would tidy the address up first.
  return handler({ url, method } as Request)
}

describe('the scheme of the window', () => {
  it('is declared with an origin of its own and no more rights than a web page', () => {
    expect(application.electron.protocol.schemes).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
    ])
  })

  it('serves the page under the content policy', async () => {
    const response = await load('app://quantaloupe/index.html')
    expect(await response.text()).toBe('<!doctype html><title>window</title>')
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_POLICY)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('serves scripts as modules need them', async () => {
    const response = await load('app://quantaloupe/assets/index.js')
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  })

  it.each([
    'app://quantaloupe/../secret.txt',
    'app://quantaloupe/..%2fsecret.txt',
    'app://quantaloupe/%2e%2e/secret.txt',
    'app://quantaloupe//etc/passwd',
    'app://quantaloupe/assets',
    'app://evil/index.html',
  ])('has nothing at %s', async (url) => {
    const response = await load(url)
    expect([response.status, await response.text()]).toEqual([404, 'Not found'])
  })

  it('answers to GET alone', async () => {
    expect((await load('app://quantaloupe/index.html', 'POST')).status).toBe(404)
  })
})

describe('the content policy', () => {
  it('lets scripts come from our files alone', () => {
    const directives = new Map(
      CONTENT_POLICY.split('; ').map((directive) => [directive.split(' ')[0], directive]),
    )
    expect(directives.get('default-src')).toBe("default-src 'none'")
    expect(directives.get('script-src')).toBe("script-src 'self'")
    expect(directives.get('connect-src')).toBe("connect-src 'self'")
    expect(CONTENT_POLICY).not.toMatch(/unsafe-eval|https?:|\*/)
  })
})
