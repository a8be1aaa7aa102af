import type { Database } from 'better-sqlite3'
import type { ModelFile } from '../../engine/formats/model.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'

/** Of a file. */
type ByteRange = Pick<Tensor, 'offsetBytes' | 'bytes'>

type Key = [identity: string, fileBytes: number, modifiedMs: number, offsetBytes: number, bytes: number]

/**
 * Remembers the fingerprint of a byte range of a file, so that an unchanged file is not read again.
 *
 * The key holds the file's size and time of change: an edited file is a new one.
 */
export class FingerprintMemo {
  readonly #select
  readonly #insert

  constructor(database: Database) {
    this.#select = database
      .prepare<Key, string>(
        `SELECT fingerprint FROM fingerprints WHERE file_identity = ? AND file_bytes = ? AND modified_ms = ?
         AND offset_bytes = ? AND bytes = ?`,
      )
      .pluck()
    this.#insert = database.prepare<[...Key, string]>(
      'INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?, ?, ?, ?)',
    )
  }

  find(file: ModelFile, range: ByteRange): string | null {
    return this.#select.get(...keyOf(file, range)) ?? null
  }

  store(file: ModelFile, range: ByteRange, fingerprint: string): void {
    this.#insert.run(...keyOf(file, range), fingerprint)
  }
}

function keyOf(file: ModelFile, { offsetBytes, bytes }: ByteRange): Key {
  return [file.identity, file.bytes, file.modifiedMs, offsetBytes, bytes]
}
