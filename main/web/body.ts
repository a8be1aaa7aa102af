import type { IncomingMessage } from 'node:http'
import { QuantaloupeError } from '../engine/errors.ts'
import type { WebLimits } from './limits.ts'

/**
 * Reads a JSON request of bounded size in bounded time.
 *
 * @throws QuantaloupeError `NOT_JSON`, `BODY_TOO_LARGE`, `REQUEST_TIMEOUT`, `BAD_REQUEST`
 */
export async function readJson(request: IncomingMessage, limits: WebLimits): Promise<unknown> {
  // A content type that a plain HTML form cannot send.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new QuantaloupeError('NOT_JSON', 'The request is not JSON', {
      expected: 'content type application/json',
    })
  }
  const text = (await readBytes(request, limits)).toString('utf8')
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new QuantaloupeError('BAD_REQUEST', 'The request is not valid JSON')
  }
}

function tooLarge(limits: WebLimits): QuantaloupeError {
  const expected = `at most ${limits.bodyBytes} bytes`
  return new QuantaloupeError('BODY_TOO_LARGE', 'The request is too large', { expected })
}

function readBytes(request: IncomingMessage, limits: WebLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const fail = (error: Error): void => {
      clearTimeout(timer)
      request.removeAllListeners('data')
      reject(error)
    }
    const late = new QuantaloupeError('REQUEST_TIMEOUT', 'The request did not arrive in time')
    const timer = setTimeout(() => fail(late), limits.bodyMs)
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if (length > limits.bodyBytes) fail(tooLarge(limits))
    })
    request.once('end', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks))
    })
    request.once('error', fail)
    if (Number(request.headers['content-length'] ?? 0) > limits.bodyBytes) fail(tooLarge(limits))
  })
}
