import * as fs from 'node:fs'

import { QuantaloupeError } from '../../engine/errors.ts'

/** A part of an existing output file, opened for positioned writes. */
export class OutputFile {
  readonly #path: string
  readonly #descriptor: number

  private constructor(path: string, descriptor: number) {
    this.#path = path
    this.#descriptor = descriptor
  }

  /** Opens the file for the duration of `action`. @throws QuantaloupeError `FILE_NOT_WRITABLE` */
  static with<T>(path: string, action: (output: OutputFile) => T): T {
    const descriptor = attempt(path, () => fs.openSync(path, 'r+'))
    try {
      return action(new OutputFile(path, descriptor))
    } finally {
      fs.closeSync(descriptor)
    }
  }

  /** Writes all of `bytes` at `offset`. @throws QuantaloupeError `DISK_FULL`, `FILE_NOT_WRITABLE` */
  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const rest = bytes.length - done
      done += attempt(this.#path, () => fs.writeSync(this.#descriptor, bytes, done, rest, offset + done))
    }
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
    const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
    throw new QuantaloupeError(
      full ? 'DISK_FULL' : 'FILE_NOT_WRITABLE',
      full ? 'There is no room left to write the file' : `The file cannot be written (${code})`,
      { place: path, remedy: full ? 'Free some space or choose another disk.' : 'Choose another place.' },
      { cause: thrown },
    )
  }
}
