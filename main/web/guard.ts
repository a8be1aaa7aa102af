import type { IncomingMessage } from 'node:http'
import { QuantaloupeError } from '../engine/errors.ts'

/**
 * Refuses requests that another web page caused.
 *
 * The `Host` check defeats names that an attacker's DNS points at 127.0.0.1; the `Origin` and `Sec-Fetch-Site`
 * checks defeat pages of other origins, also those on another port of this machine, which share our cookies.
 *
 * @throws QuantaloupeError `FOREIGN_HOST`, `FOREIGN_ORIGIN`
 */
export function checkCaller(request: IncomingMessage, port: number): void {
  const host = request.headers.host ?? ''
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  if (!hosts.includes(host)) {
    throw new QuantaloupeError('FOREIGN_HOST', 'The request names another host', { expected: hosts[0] ?? '' })
  }
  const origin = request.headers.origin
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new QuantaloupeError('FOREIGN_ORIGIN', 'The request comes from another web page')
  }
}

/**
 * For `/api`: only our own page may call. Browsers say so themselves; other programs send no such header.
 *
 * @throws QuantaloupeError `FOREIGN_ORIGIN`
 */
export function checkOwnPage(request: IncomingMessage): void {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') {
    throw new QuantaloupeError('FOREIGN_ORIGIN', 'The request comes from another web page')
  }
}
