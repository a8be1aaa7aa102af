import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServices, type Services } from '../../main/services/index.ts'
import { startWebServer, type WebServer } from '../../main/web/server.ts'
import type { WebLimits } from '../../main/web/limits.ts'
import { claimUploadFolder } from '../../main/web/upload-folder.ts'
import { ROOT } from './imports.ts'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Send {
  readonly method?: string
  /** As it goes over the wire: nothing is normalized. */
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

/** A request without the good manners of `fetch`: any path, any Host, any Origin. */
export function send(port: number, { method = 'GET', path, headers = {}, body }: Send): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, method, path, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
      },
    )
    request.once('error', reject)
    request.end(body)
  })
}

/** The browser host with real services, a window of two files, and a root with one model file in it. */
export interface TestHost {
  readonly folder: string
  readonly root: string
  readonly uploadFolder: string
  readonly services: Services
  readonly server: WebServer
  /** Trades the token for the session cookie. */
  enter(): Promise<string>
  close(): Promise<void>
}

export async function startTestHost(limits: Partial<WebLimits> = {}): Promise<TestHost> {
  const folder = mkdtempSync(join(tmpdir(), 'quantaloupe-web-'))
  const [root, windowFolder, data] = [join(folder, 'root'), join(folder, 'window'), join(folder, 'data')]
  for (const path of [root, join(windowFolder, 'assets'), data]) mkdirSync(path, { recursive: true })
  writeFileSync(join(windowFolder, 'index.html'), '<!doctype html><title>window</title>')
  writeFileSync(join(windowFolder, 'assets', 'index-1234.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), 'not for the page')
  const uploadFolder = claimUploadFolder(data)
  const services = createServices({
    workerUrl: new URL(`file://${ROOT}/main/workers/engine-worker.ts`),
    llamaUrl: new URL(`file://${ROOT}/main/llama/llama-process.ts`),
    dataFolder: data,
    threads: 1,
    useNative: false,
    host: 'browser',
    roots: [root],
    uploadFolder,
    version: '0.0.0-test',
    initialModel: null,
  })
  const server = await startWebServer({ services, windowFolder, uploadFolder, port: 0, limits })
  return {
    folder,
    root,
    uploadFolder,
    services,
    server,
    async enter() {
      const { headers } = await send(server.port, { path: new URL(server.address).search.replace(/^/, '/') })
      return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    },
    async close() {
      await server.close()
      await services.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function errorCode(reply: Reply): string | undefined {
  return (JSON.parse(reply.text) as { error?: { code: string } }).error?.code
}

/** Posts a method's request as the page does. */
export function call(host: TestHost, cookie: string, method: string, request: unknown): Promise<Reply> {
  return send(host.server.port, {
    method: 'POST',
    path: `/api/call/${method}`,
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
}
