import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs'
import { writeError } from './file-errors.ts'
import { commitFile, dropTemporary, temporaryPath } from './temporary-file.ts'

/**
 * Replaces a file by a new one, or leaves the old one untouched.
 *
 * @throws QuantaloupeError `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export function writeAtomically(path: string, text: string): void {
  const temporary = temporaryPath(path)
  try {
    const descriptor = openSync(temporary, 'wx')
    try {
      writeFileSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    commitFile(temporary, path, true)
  } catch (error) {
    dropTemporary(temporary)
    throw writeError(error, path)
  }
}
