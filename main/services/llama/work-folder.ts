import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeDebris, temporaryPath } from '../files/temporary-file.ts'

const folderOf = (dataFolder: string): string => join(dataFolder, 'temporary')

/**
 * A path for what a job needs only while it runs: a candidate, a patched copy. Nothing is there yet.
 *
 * Its name tells which process it belongs to; `dropTemporary` removes it.
 */
export function workPath(dataFolder: string, name: string): string {
  const folder = folderOf(dataFolder)
  mkdirSync(folder, { recursive: true })
  removeDebris(folder)
  return temporaryPath(join(folder, name))
}

/** Removes what killed runs left. */
export function clearWorkFolder(dataFolder: string): void {
  const folder = folderOf(dataFolder)
  if (existsSync(folder)) removeDebris(folder)
}
