import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { protocol } from 'electron'
import { CONTENT_POLICY } from '../../preload/contract.ts'
import { APP_SCHEME, isOwnPage } from './own-page.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/** Before the application is ready: the scheme behaves like https (own origin, module scripts, fetch). */
export function declareScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true }
  protocol.registerSchemesAsPrivileged([{ scheme: APP_SCHEME, privileges }])
}

/**
 * Serves the built window under the custom scheme.
 *
 * `file://` would let the page read the whole disk; here a path that is not on the list of built files does not exist.
 */
export function serveWindow(folder: string): void {
  const files = listFiles(folder)
  protocol.handle(APP_SCHEME, async ({ url, method }) => {
    const path = files.get(new URL(url).pathname)
    if (!isOwnPage(url, undefined) || method !== 'GET' || path === undefined) {
      return new Response('Not found', { status: 404, headers: headers('.txt') })
    }
    return new Response(await readFile(path), { headers: headers(extname(path)) })
  })
}

function headers(extension: string): Record<string, string> {
  return {
    'content-type': TYPES[extension] ?? 'application/octet-stream',
    'content-security-policy': CONTENT_POLICY,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
  }
}

/** From address path to file. */
function listFiles(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [`/${relative(folder, path).split(sep).join('/')}`, path]
    }),
  )
}
