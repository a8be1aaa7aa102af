import { createHash } from 'node:crypto'

import type { FingerprintTask } from '../protocol.ts'
import { stepper, withSource } from './source.ts'

const CHUNK_BYTES = 1 << 20

/** SHA-256 over type, shape, byte order and stored bytes, as lower-case hex. */
export function fingerprint(task: FingerprintTask): string {
  const { source } = task
  const step = stepper(task.control)
  const hash = createHash('sha256')
  hash.update(JSON.stringify([source.type, source.shape, source.littleEndian ? 'little' : 'big']))
  return withSource(source, (file) => {
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, source.bytes))
    for (let done = 0; done < source.bytes; done += buffer.length) {
      const chunk = buffer.subarray(0, Math.min(buffer.length, source.bytes - done))
      file.readInto(source.offsetBytes + done, chunk)
      hash.update(chunk)
      step(0)
    }
    return hash.digest('hex')
  })
}
