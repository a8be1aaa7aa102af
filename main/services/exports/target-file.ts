import { statSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { QuantaloupeError } from '../../engine/errors.ts'
import type { Model } from '../../engine/formats/model.ts'
import { targetExists } from '../files/file-errors.ts'

/**
 * Checks that a file may be put at a path.
 *
 * @throws QuantaloupeError `TARGET_IS_SOURCE`, `TARGET_IS_FOLDER`, `TARGET_EXISTS`
 */
export function checkTarget(path: string, model: Model, overwrite: boolean): void {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats) return
  if (stats.isDirectory()) {
    throw new QuantaloupeError('TARGET_IS_FOLDER', 'The export would take the place of a folder', {
      place: path,
      expected: 'the path of a file',
    })
  }
  // Compared by identity: a link or another spelling of the path is the same file.
  const identity = `${stats.dev}:${stats.ino}`
  if (model.files.some((file) => file.identity === identity)) {
    throw new QuantaloupeError('TARGET_IS_SOURCE', 'The export would overwrite the model it reads', {
      place: path,
      remedy: 'Choose another file name.',
    })
  }
  if (!overwrite) throw targetExists(path)
}

/** Bytes a user may still write to the disk of a path's folder. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path))
  return bavail * bsize
}

/** @throws QuantaloupeError `DISK_FULL` */
export function checkSpace(path: string, fileBytes: number): void {
  const free = freeBytes(path)
  if (free >= fileBytes) return
  throw new QuantaloupeError('DISK_FULL', 'There is not enough room for the file', {
    place: dirname(path),
    expected: `${fileBytes} free bytes, there are ${free}`,
    remedy: 'Free some space or choose another disk.',
  })
}
