import { QuantaloupeError } from '../engine/errors.ts'

const MAX_DEPTH = 16
const MAX_SEGMENT = 255
// Control characters, and what separates or ends a name on some system.
const FORBIDDEN = /[\p{Cc}\\:*?"<>|]/u

function refuse(path: string): never {
  throw new QuantaloupeError('BAD_REQUEST', 'The dropped file has a name that cannot be stored', {
    place: JSON.stringify(path),
    remedy: 'Rename it and drop it again.',
  })
}

/**
 * The segments of a dropped file's relative path, URL-decoded once.
 *
 * @throws QuantaloupeError `BAD_REQUEST` for anything that is not a plain path below its folder
 */
export function uploadSegments(encoded: string): readonly string[] {
  const segments = decode(encoded).split('/')
  const plain = (segment: string): boolean =>
    segment !== '' &&
    !/^\.+$/.test(segment) &&
    !/[. ]$/.test(segment) &&
    !FORBIDDEN.test(segment) &&
    Buffer.byteLength(segment) <= MAX_SEGMENT
  return segments.length <= MAX_DEPTH && segments.every(plain) ? segments : refuse(encoded)
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return refuse(encoded)
  }
}
