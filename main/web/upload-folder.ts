import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../services/processes.ts'

/**
 * A folder name for one server's uploads below the data folder; not created yet.
 *
 * A killed server cannot remove its own, so those of processes that are gone are removed here.
 */
export function claimUploadFolder(dataFolder: string): string {
  const parent = join(dataFolder, 'uploads')
  for (const name of foldersOf(parent)) {
    if (!isAlive(Number(name.split('-')[0]))) rmSync(join(parent, name), { recursive: true, force: true })
  }
  return join(parent, `${process.pid}-${randomBytes(6).toString('hex')}`)
}

function foldersOf(parent: string): string[] {
  try {
    return readdirSync(parent)
  } catch {
    return []
  }
}
