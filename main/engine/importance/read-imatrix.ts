import { createHash } from 'node:crypto'

import { ByteReader } from '../formats/byte-reader.ts'
import { FileBytes } from '../formats/file-bytes.ts'
import { GGUF_MAGIC } from '../formats/gguf-header.ts'
import { readGgufImatrix } from './imatrix-gguf.ts'
import { readLegacyImatrix } from './imatrix-legacy.ts'
import type { Imatrix } from './imatrix.ts'

/**
 * Reads an importance matrix as llama.cpp writes it, in GGUF or in the legacy form.
 *
 * @throws QuantaloupeError `NOT_AN_IMATRIX`, `BAD_IMATRIX`, `BAD_IMPORTANCE`, and those of the GGUF reader
 */
export function readImatrix(path: string): Imatrix {
  return FileBytes.with(path, (file) => {
    const reader = new ByteReader(file)
    const isGguf = file.size >= 4 && reader.u32('the magic number') === GGUF_MAGIC
    reader.position = 0
    return isGguf ? readGgufImatrix(file) : readLegacyImatrix(reader)
  })
}

/** SHA-256 over names and values, whatever the order of the entries, the texts' names or the place of the file. */
export function fingerprintImatrix(imatrix: Imatrix): string {
  const hash = createHash('sha256')
  const sorted = [...imatrix.entries].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, { values, experts }] of sorted) {
    hash.update(JSON.stringify([name, experts, values.length]))
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }
  return hash.digest('hex')
}
