import type { ServerResponse } from 'node:http'
import { toErrorData, type ErrorData } from '../engine/errors.ts'
import { CONTENT_POLICY, type Outcome } from '../../preload/contract.ts'

/** HTTP status of the errors that concern the transport; every other outcome is a 200. */
const STATUS: Readonly<Record<string, number>> = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  TOKEN_SPENT: 401,
  FOREIGN_HOST: 403,
  FOREIGN_ORIGIN: 403,
  NOT_FOUND: 404,
  UNKNOWN_METHOD: 404,
  WRONG_VERB: 405,
  REQUEST_TIMEOUT: 408,
  LENGTH_REQUIRED: 411,
  BODY_TOO_LARGE: 413,
  NOT_JSON: 415,
  INTERNAL: 500,
  TOO_MANY_CLIENTS: 503,
  DISK_FULL: 507,
}

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
}

export function sendOutcome(response: ServerResponse, outcome: Outcome<unknown>): void {
  const status = outcome.ok ? 200 : (STATUS[outcome.error.code] ?? 200)
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(outcome))
}

export function sendFailure(response: ServerResponse, thrown: unknown): void {
  sendOutcome(response, { ok: false, error: toErrorData(thrown) })
}

/** A page for a person who arrived without the right address. */
export function sendErrorPage(response: ServerResponse, error: ErrorData): void {
  const lines = [`<h1>${error.message}</h1>`, `<p>${error.remedy ?? ''}</p>`]
  const again = '<p><a href="/">Open the workstation</a> if this browser already has.</p>'
  const head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Quantaloupe</title>'
  const page = `${head}<body>${lines.join('')}${again}</body></html>`
  send(response, STATUS[error.code] ?? 400, 'text/html; charset=utf-8', page)
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
