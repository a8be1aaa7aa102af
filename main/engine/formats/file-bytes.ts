import * as fs from 'node:fs'

import { QuantaloupeError } from '../errors.ts'
import { countOf } from './wording.ts'
import type { ModelFile } from './model.ts'

/** One call of `readSync` takes at most 2^31 - 1 bytes. */
const MAX_READ_BYTES = 2 ** 30

function errorCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
}

/** Turns what the file system threw into a sentence. */
function fileError(thrown: unknown, path: string): QuantaloupeError {
  const code = errorCode(thrown)
  const options = { cause: thrown }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const remedy = 'Check the path.'
    return new QuantaloupeError('FILE_NOT_FOUND', 'There is no such file', { place: path, remedy }, options)
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const remedy = 'Check its permissions.'
    return new QuantaloupeError(
      'FILE_NOT_READABLE',
      'The file may not be read',
      { place: path, remedy },
      options,
    )
  }
  return new QuantaloupeError(
    'FILE_ERROR',
    `The file cannot be read (${code})`,
    { place: path, remedy: 'Check the disk and the path.' },
    options,
  )
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (thrown) {
    throw fileError(thrown, path)
  }
}

function describeFile(path: string, stats: fs.BigIntStats): ModelFile {
  return {
    path,
    bytes: Number(stats.size),
    modifiedMs: Number(stats.mtimeNs) / 1e6,
    identity: `${stats.dev}:${stats.ino}`,
  }
}

/** Whether there is a folder at `path`. */
export function isFolder(path: string): boolean {
  return attempt(path, () => fs.statSync(path, { throwIfNoEntry: false }))?.isDirectory() ?? false
}

/**
 * A file opened for positioned reads.
 *
 * Nothing is mapped: a file that shrinks after it was opened gives an error, never a signal.
 */
export class FileBytes {
  readonly path: string
  /** Bytes at the time it was opened. */
  readonly size: number
  readonly #descriptor: number

  private constructor(path: string, size: number, descriptor: number) {
    this.path = path
    this.size = size
    this.#descriptor = descriptor
  }

  /**
   * @throws QuantaloupeError `FILE_NOT_FOUND`, `FILE_NOT_READABLE`, `NOT_A_FILE` (folders, pipes, devices) or
   *   `FILE_ERROR`
   */
  static open(path: string): FileBytes {
    // Looked at before it is opened, since opening a pipe would wait for its writer.
    if (!attempt(path, () => fs.statSync(path)).isFile()) {
      throw new QuantaloupeError('NOT_A_FILE', 'This is not a file', {
        place: path,
        expected: 'a regular file',
        remedy: 'Choose a file.',
      })
    }
    const descriptor = attempt(path, () => fs.openSync(path, 'r'))
    return new FileBytes(path, fs.fstatSync(descriptor).size, descriptor)
  }

  /** Calls `action` with the opened file and closes it, whatever happens. */
  static with<T>(path: string, action: (file: FileBytes) => T): T {
    const file = FileBytes.open(path)
    try {
      return action(file)
    } finally {
      file.close()
    }
  }

  /** @throws QuantaloupeError as {@link readInto} */
  read(offset: number, length: number): Uint8Array {
    this.#checkRange(offset, length)
    const target = new Uint8Array(length)
    this.readInto(offset, target)
    return target
  }

  /**
   * Fills `target` from `offset`.
   *
   * @throws QuantaloupeError `FILE_TRUNCATED` when the file ends before `target` is full
   */
  readInto(offset: number, target: Uint8Array): void {
    this.#checkRange(offset, target.length)
    let done = 0
    while (done < target.length) {
      const wanted = Math.min(target.length - done, MAX_READ_BYTES)
      const position = offset + done
      const count = attempt(this.path, () => fs.readSync(this.#descriptor, target, done, wanted, position))
      if (count === 0) throw this.#truncated(position, target.length - done)
      done += count
    }
  }

  identify(): ModelFile {
    return describeFile(this.path, fs.fstatSync(this.#descriptor, { bigint: true }))
  }

  /**
   * Compares the file with what it was when its headers were read.
   *
   * @throws QuantaloupeError `FILE_CHANGED` when it shrank, grew, was modified, or another file took its place
   */
  checkUnchanged(expected: ModelFile): void {
    const now = this.identify()
    if (now.identity !== expected.identity || this.#isReplaced()) throw this.#changed('was replaced')
    if (now.bytes !== expected.bytes) {
      throw this.#changed(`had ${expected.bytes} bytes and has ${now.bytes} now`)
    }
    if (now.modifiedMs !== expected.modifiedMs) throw this.#changed('was modified')
  }

  close(): void {
    fs.closeSync(this.#descriptor)
  }

  /** A file whose path is gone stays readable through its descriptor; one whose path leads elsewhere is stale. */
  #isReplaced(): boolean {
    const named = attempt(this.path, () => fs.statSync(this.path, { bigint: true, throwIfNoEntry: false }))
    return named !== undefined && describeFile(this.path, named).identity !== this.identify().identity
  }

  #changed(what: string): QuantaloupeError {
    return new QuantaloupeError('FILE_CHANGED', `The file ${what} since it was opened`, {
      place: this.path,
      expected: 'an unchanged file',
      remedy: 'Open the model again.',
    })
  }

  #truncated(offset: number, missing: number): QuantaloupeError {
    return new QuantaloupeError('FILE_TRUNCATED', 'The file ends too early', {
      place: this.path,
      offset,
      expected: countOf(missing, 'more byte'),
      remedy: 'Copy or download it again.',
    })
  }

  #checkRange(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
      throw new RangeError(`Bad range: ${length} bytes at ${offset}`)
    }
    if (offset + length > this.size) throw this.#truncated(this.size, offset + length - this.size)
  }
}
