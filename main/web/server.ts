import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { QuantaloupeError, toErrorData } from '../engine/errors.ts'
import type { Services } from '../services/index.ts'
import { createApi } from './api.ts'
import { EventStreams } from './events.ts'
import { checkCaller, checkOwnPage } from './guard.ts'
import { DEFAULT_LIMITS, type WebLimits } from './limits.ts'
import { sendErrorPage, sendFailure, setSecurityHeaders } from './replies.ts'
import { Session, unauthorized } from './session.ts'
import { Uploads } from './uploads.ts'
import { serveWindow } from './window-files.ts'

export interface WebServerOptions {
  readonly services: Pick<Services, 'call' | 'on'>
  /** The built window: `index.html` and its assets. */
  readonly windowFolder: string
  /** For copies of dropped files; this server's own, removed on close. */
  readonly uploadFolder: string
  /** 0 takes any free port. */
  readonly port: number
  readonly limits?: Partial<WebLimits>
}

export interface WebServer {
  /** The only way in: address with the one-time token. */
  readonly address: string
  readonly port: number
  close(): Promise<void>
}

/**
 * Serves the window and the contract to one browser on this machine.
 *
 * @throws QuantaloupeError `PORT_IN_USE`, `PORT_REFUSED`, `WINDOW_NOT_BUILT`
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const window = serveWindow(options.windowFolder)
  // Uploads and calls last as long as they must; their own limits apply instead of a total time for a request.
  const server = createServer({
    headersTimeout: 10_000,
    requestTimeout: 0,
    connectionsCheckingInterval: 2_000,
  })
  server.maxConnections = 256
  const port = await listen(server, options.port)
  const session = new Session(port)
  const events = new EventStreams(options.services, limits)
  const uploads = new Uploads(options.uploadFolder, limits)
  const api = createApi({ services: options.services, events, uploads, limits })

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkCaller(request, port)
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
    const token = new URLSearchParams(query).get('token')
    const known = session.accepts(request.headers.cookie)
    if (path === '/' && token !== null) return enter(session, token, known, response)
    if (!known) throw unauthorized()
    if (!path.startsWith('/api/')) return window(request, response)
    checkOwnPage(request)
    await api(request, response, path)
  }
  server.on('request', (request, response) => {
    setSecurityHeaders(response)
    route(request, response).catch((error: unknown) => refuse(request, response, error))
  })

  return {
    port,
    address: `http://127.0.0.1:${port}/?token=${session.token}`,
    async close() {
      events.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await uploads.close()
    },
  }
}

function enter(session: Session, token: string, known: boolean, response: ServerResponse): void {
  // Reloading the printed address in the browser that is already inside is fine.
  const headers = known ? {} : { 'set-cookie': session.enter(token) }
  response.writeHead(303, { ...headers, location: '/' })
  response.end()
}

/** Time to read the rest of a refused request, so that its sender sees the answer before the connection ends. */
const DRAIN_MS = 5_000

function refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const error = toErrorData(thrown)
  const wantsPage = request.headers.accept?.includes('text/html') ?? false
  if (wantsPage && (error.code === 'UNAUTHORIZED' || error.code === 'TOKEN_SPENT'))
    sendErrorPage(response, error)
  else sendFailure(response, thrown)
  if (request.complete) return
  request.resume()
  setTimeout(() => request.complete || request.destroy(), DRAIN_MS).unref()
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  } catch (cause) {
    const used = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    const message = used ? `Port ${port} is in use` : `Port ${port} cannot be opened`
    const remedy = 'Choose another with --port, or leave it out for any free one.'
    throw new QuantaloupeError(used ? 'PORT_IN_USE' : 'PORT_REFUSED', message, { remedy }, { cause })
  }
  return (server.address() as AddressInfo).port
}
