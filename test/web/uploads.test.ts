import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimUploadFolder } from '../../main/web/upload-folder.ts'
import { call, errorCode, send, startTestHost, type Reply, type TestHost } from '../support/web-client.ts'

const BATCH = '0f6c1d1e-0000-4000-8000-000000000000'

let host: TestHost
let cookie = ''
beforeEach(async () => {
  host = await startTestHost({ uploadFiles: 3 })
  cookie = await host.enter()
})
afterEach(() => host.close())

function put(path: string, body: string | Buffer = 'weights', batch = BATCH): Promise<Reply> {
  return send(host.server.port, {
    method: 'PUT',
    path: `/api/upload/${batch}/${path}`,
    headers: { cookie, 'content-length': String(Buffer.byteLength(body)) },
    body,
  })
}

const finish = (batch = BATCH): Promise<Reply> =>
  send(host.server.port, { method: 'POST', path: `/api/upload/${batch}/done`, headers: { cookie } })

const openPath = async (): Promise<string> => (JSON.parse((await finish()).text) as { value: string }).value

describe('a dropped file', () => {
  it('arrives byte for byte and is the path to open', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
    await put('a%20model.gguf', bytes)
    const path = await openPath()
    expect(path).toBe(join(host.uploadFolder, BATCH, 'a model.gguf'))
    expect(readFileSync(path)).toEqual(bytes)
  })

  it('can be opened as a model though its folder is no root', async () => {
    const model = new URL('../models/novelist-7m/novelist-7m-f16.gguf', import.meta.url)
    await put('novelist.gguf', readFileSync(model))
    const reply = await call(host, cookie, 'models.open', { path: await openPath() })
    expect(JSON.parse(reply.text) as unknown).toMatchObject({ ok: true, value: { name: 'novelist-7m' } })
  })

  it('is not written over by another of the same name', async () => {
    await put('a.gguf', 'first')
    expect(errorCode(await put('a.gguf', 'second'))).toBe('BAD_REQUEST')
    expect(readFileSync(await openPath(), 'utf8')).toBe('first')
  })

  it('leaves nothing when it breaks off', async () => {
    const socket = connect(host.server.port, '127.0.0.1')
    const head = [
      `PUT /api/upload/${BATCH}/a.gguf HTTP/1.1`,
      `host: 127.0.0.1:${host.server.port}`,
      `cookie: ${cookie}`,
      'content-length: 1000',
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\nhalf`)
    const file = join(host.uploadFolder, BATCH, 'a.gguf')
    await expect.poll(() => existsSync(file)).toBe(true)
    socket.destroy()
    await expect.poll(() => existsSync(file)).toBe(false)
  })

  it('is refused where the disk has no room', async () => {
    await host.close()
    host = await startTestHost({ uploadReserveBytes: Number.MAX_SAFE_INTEGER - 1000 })
    cookie = await host.enter()
    const reply = await put('a.gguf')
    expect([reply.status, errorCode(reply)]).toEqual([507, 'DISK_FULL'])
  })

  it('must say how long it is', async () => {
    const headers = { cookie, 'transfer-encoding': 'chunked' }
    const path = `/api/upload/${BATCH}/a.gguf`
    const reply = await send(host.server.port, { method: 'PUT', path, headers, body: 'x' })
    expect([reply.status, errorCode(reply)]).toEqual([411, 'LENGTH_REQUIRED'])
  })

  it('is refused when it is one too many', async () => {
    for (const name of ['a', 'b', 'c']) await put(name)
    expect(errorCode(await put('d'))).toBe('BAD_REQUEST')
  })
})

describe('several dropped files', () => {
  it('open as their folder', async () => {
    await put('model/config.json', '{}')
    await put('model/model.safetensors')
    expect(await openPath()).toBe(join(host.uploadFolder, BATCH, 'model'))
  })

  it('open as the first shard of a split model', async () => {
    await put('m-00002-of-00002.gguf')
    await put('m-00001-of-00002.gguf')
    expect(await openPath()).toBe(join(host.uploadFolder, BATCH, 'm-00001-of-00002.gguf'))
  })

  it.each(['imatrix.gguf', 'imatrix.dat'])(
    'of a model and its %s open as the model with it',
    async (name) => {
      const folder = new URL('../models/novelist-7m/', import.meta.url)
      await put(name, readFileSync(new URL(name, folder)))
      await put('novelist.gguf', readFileSync(new URL('novelist-7m-f16.gguf', folder)))
      const path = await openPath()
      expect(path).toBe(join(host.uploadFolder, BATCH, 'novelist.gguf'))
      const reply = await call(host, cookie, 'models.open', { path })
      const imatrix = join(host.uploadFolder, BATCH, name)
      expect(JSON.parse(reply.text) as unknown).toMatchObject({ ok: true, value: { path, imatrix } })
    },
  )

  it('of two models open as neither', async () => {
    for (const name of ['a.gguf', 'b.gguf']) await put(name)
    expect(await openPath()).toBe(join(host.uploadFolder, BATCH))
  })

  it('that never came open as nothing', async () => {
    expect(errorCode(await finish())).toBe('BAD_REQUEST')
  })
})

describe('the name of a dropped file', () => {
  it.each([
    '../a.gguf',
    '..%2fa.gguf',
    '%2e%2e%2fa.gguf',
    '%2e%2e/%2e%2e/a.gguf',
    'model/..%2f..%2f..%2fa.gguf',
    '..%5ca.gguf',
    '%2fetc%2fpasswd',
    'C:%5ca.gguf',
    'a.gguf%00.txt',
    'model//a.gguf',
    '.',
    'a.',
    '%ff',
    `${'x'.repeat(256)}`,
    'a/'.repeat(17) + 'a',
  ])('may not be %s', async (name) => {
    const reply = await put(name)
    expect([reply.status, errorCode(reply)]).toEqual([400, 'BAD_REQUEST'])
    expect(existsSync(host.uploadFolder)).toBe(false)
  })

  it.each(['..', '../../x', 'short', 'with%2fslash', 'a'.repeat(65)])(
    'may not have batch %s',
    async (batch) => {
      const reply = await put('a.gguf', 'x', batch)
      expect([400, 404]).toContain(reply.status)
      expect(existsSync(host.uploadFolder)).toBe(false)
    },
  )
})

describe('the upload folder', () => {
  it('is gone when the server is closed', async () => {
    await put('a.gguf')
    expect(existsSync(host.uploadFolder)).toBe(true)
    await host.server.close()
    expect(existsSync(host.uploadFolder)).toBe(false)
  })

  it('of a killed server is removed by the next one', () => {
    const uploads = join(host.folder, 'other-data', 'uploads')
    const [ours, dead] = [`${process.pid}-aaaa`, '999999999-bbbb']
    for (const name of [ours, dead]) {
      mkdirSync(join(uploads, name), { recursive: true })
      writeFileSync(join(uploads, name, 'left.gguf'), 'x')
    }
    claimUploadFolder(join(host.folder, 'other-data'))
    expect(readdirSync(uploads)).toEqual([ours])
  })
})
