import type { IncomingMessage, ServerResponse } from 'node:http'
import { QuantaloupeError } from '../engine/errors.ts'
import type { Services } from '../services/index.ts'
import type { Outcome } from '../../preload/contract.ts'
import { readJson } from './body.ts'
import type { EventStreams } from './events.ts'
import type { WebLimits } from './limits.ts'
import { sendOutcome } from './replies.ts'
import type { Uploads } from './uploads.ts'

export interface ApiParts {
  readonly services: Pick<Services, 'call'>
  readonly events: EventStreams
  readonly uploads: Uploads
  readonly limits: WebLimits
}

type Handler = (request: IncomingMessage, response: ServerResponse, rest: string[]) => void | Promise<void>

/**
 * Answers everything below `/api`:
 *
 *     POST /api/call/<method>          JSON request         -> Outcome
 *     GET  /api/events                                      -> server-sent events, named as in the contract
 *     PUT  /api/upload/<batch>/<path>  bytes of one file    -> Outcome<null>
 *     POST /api/upload/<batch>/done                         -> Outcome<string>, the path to open
 */
export function createApi({ services, events, uploads, limits }: ApiParts) {
  const call: Handler = async (request, response, [method = '']) => {
    sendOutcome(response, await services.call(method, await readJson(request, limits)))
  }
  const upload: Handler = async (request, response, [batch = '', ...path]) => {
    await uploads.receive(batch, path.join('/'), request)
    sendOutcome(response, done(null))
  }
  const finish: Handler = async (_request, response, [batch = '']) => {
    sendOutcome(response, done(await uploads.finish(batch)))
  }
  const routes: readonly (readonly [verb: string, path: RegExp, handler: Handler])[] = [
    ['POST', /^\/api\/call\/[^/]+$/, call],
    ['GET', /^\/api\/events$/, (_request, response) => events.add(response)],
    ['POST', /^\/api\/upload\/[^/]+\/done$/, finish],
    ['PUT', /^\/api\/upload\/[^/]+\/.+$/, upload],
  ]
  return async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    const matching = routes.filter(([, pattern]) => pattern.test(path))
    if (matching.length === 0) throw new QuantaloupeError('NOT_FOUND', 'There is nothing at this address')
    const route = matching.find(([verb]) => verb === request.method)
    if (!route) throw new QuantaloupeError('WRONG_VERB', 'This address does not answer to this HTTP verb')
    // The path stays as sent (no `..` resolved, nothing decoded); each handler decodes its part once.
    await route[2](request, response, path.split('/').slice(3))
  }
}

const done = <T>(value: T): Outcome<T> => ({ ok: true, value })
