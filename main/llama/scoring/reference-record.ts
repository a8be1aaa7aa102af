import { openSync, readSync, statfsSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { QuantaloupeError } from '../../engine/errors.ts'
import type { ComparisonShape } from '../protocol.ts'

/** Errors of a disk that takes no more. */
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']

/**
 * The reference's logits at every scored position, in a file: f32, chunk after chunk, as llama.cpp gave them.
 *
 * Logits rather than log-probabilities, since what is rounded again would not compare exactly as at first hand.
 * The file is removed by who gave its path, once this process has ended.
 */
export class ReferenceRecord {
  readonly #path: string
  readonly #file: number
  readonly #row: Float32Array
  readonly #rowsPerChunk: number
  readonly #recorded = new Set<number>()

  /** @throws QuantaloupeError `DISK_FULL` when there is no room for all chunks, `FILE_NOT_WRITABLE` */
  constructor(path: string, size: ComparisonShape) {
    this.#path = path
    this.#row = new Float32Array(size.vocabulary)
    this.#rowsPerChunk = size.scoredPerChunk
    checkSpace(path, size.chunks * size.scoredPerChunk * this.#row.byteLength)
    try {
      this.#file = openSync(path, 'wx+', 0o600)
    } catch (cause) {
      throw writeError(path, cause)
    }
  }

  has(chunk: number): boolean {
    return this.#recorded.has(chunk)
  }

  /** @throws QuantaloupeError `DISK_FULL`, `FILE_NOT_WRITABLE` */
  write(chunk: number, row: number, logits: Float32Array): void {
    const bytes = new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength)
    try {
      let done = 0
      while (done < bytes.length) {
        done += writeSync(this.#file, bytes, done, bytes.length - done, this.#offset(chunk, row) + done)
      }
    } catch (cause) {
      throw writeError(this.#path, cause)
    }
  }

  /** All rows of the chunk are written. */
  finish(chunk: number): void {
    this.#recorded.add(chunk)
  }

  /** Logits of a position; overwritten by the next call. */
  read(chunk: number, row: number): Float32Array {
    const bytes = new Uint8Array(this.#row.buffer)
    let done = 0
    while (done < bytes.length) {
      const read = readSync(this.#file, bytes, done, bytes.length - done, this.#offset(chunk, row) + done)
      if (read === 0) throw new Error('The record of the reference is shorter than what was written')
      done += read
    }
    return this.#row
  }

  #offset(chunk: number, row: number): number {
    return (chunk * this.#rowsPerChunk + row) * this.#row.byteLength
  }
}

function checkSpace(path: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(path))
  if (bavail * bsize >= bytes) return
  throw new QuantaloupeError('DISK_FULL', 'There is not enough room to keep what the reference predicts', {
    place: dirname(path),
    expected: `${bytes} free bytes, there are ${bavail * bsize}`,
    remedy: 'Free some space, choose another disk, or measure on fewer chunks.',
  })
}

function writeError(path: string, cause: unknown): QuantaloupeError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const full = FULL.includes(code)
  return new QuantaloupeError(
    full ? 'DISK_FULL' : 'FILE_NOT_WRITABLE',
    full ? 'There is no room left for what the reference predicts' : `The file cannot be written (${code})`,
    { place: path, remedy: 'Free some space or choose another disk.' },
    { cause },
  )
}
