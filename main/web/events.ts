import type { ServerResponse } from 'node:http'
import { QuantaloupeError } from '../engine/errors.ts'
import type { Services } from '../services/index.ts'
import { EVENT_NAMES } from '../../preload/contract.ts'
import type { WebLimits } from './limits.ts'

/** The server-sent event streams of all open pages. */
export class EventStreams {
  readonly #clients = new Set<ServerResponse>()
  readonly #limits: WebLimits
  readonly #unsubscribe: readonly (() => void)[]
  readonly #heartbeat: NodeJS.Timeout

  constructor(services: Pick<Services, 'on'>, limits: WebLimits) {
    this.#limits = limits
    this.#unsubscribe = EVENT_NAMES.map((name) =>
      services.on(name, (payload) => this.#broadcast(`event: ${name}\ndata: ${JSON.stringify(payload)}\n\n`)),
    )
    // Keeps proxies and the browser from taking silence for a dead connection.
    this.#heartbeat = setInterval(() => this.#broadcast(':\n\n'), limits.heartbeatMs)
    this.#heartbeat.unref()
  }

  /** @throws QuantaloupeError `TOO_MANY_CLIENTS` */
  add(response: ServerResponse): void {
    if (this.#clients.size >= this.#limits.eventClients) {
      throw new QuantaloupeError('TOO_MANY_CLIENTS', 'Too many pages are open', {
        expected: `at most ${this.#limits.eventClients}`,
        remedy: 'Close a tab of the workstation.',
      })
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.write('retry: 1000\n\n')
    this.#clients.add(response)
    response.once('close', () => this.#clients.delete(response))
  }

  close(): void {
    clearInterval(this.#heartbeat)
    for (const end of this.#unsubscribe) end()
    for (const client of this.#clients) client.end()
  }

  #broadcast(text: string): void {
    for (const client of this.#clients) {
      // Looked at before the write: one large event is no sign of a page that does not read.
      if (client.writableLength > this.#limits.eventBacklogBytes) client.destroy()
      else client.write(text)
    }
  }
}
