import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'
import { QuantaloupeError } from '../engine/errors.ts'
import { sendFailure } from './replies.ts'

/**
 * Serves the built window. The list of files is read once: a path that is not on it does not exist.
 *
 * @throws QuantaloupeError `WINDOW_NOT_BUILT`
 */
export function serveWindow(folder: string): (request: IncomingMessage, response: ServerResponse) => void {
  if (!existsSync(join(folder, 'index.html'))) {
    throw new QuantaloupeError('WINDOW_NOT_BUILT', 'The window has not been built', {
      place: folder,
      remedy: 'Run `npm run build` first.',
    })
  }
  const serve = sirv(folder, {
    etag: true,
    onNoMatch: (_request, response) => sendFailure(response, notFound()),
    // Names of assets carry a hash of their content; the page that names them is always asked for.
    setHeaders: (response, path) => {
      const hashed = path.startsWith('/assets/')
      response.setHeader('cache-control', hashed ? 'private, max-age=31536000, immutable' : 'no-store')
    },
  })
  return (request, response) => {
    if (request.method === 'GET' || request.method === 'HEAD') serve(request, response)
    else sendFailure(response, new QuantaloupeError('WRONG_VERB', 'A page can only be read'))
  }
}

const notFound = (): QuantaloupeError => new QuantaloupeError('NOT_FOUND', 'There is nothing at this address')
