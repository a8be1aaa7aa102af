import { closeSync, fsyncSync, linkSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { isAlive } from '../processes.ts'

/** `.<target>.<host>-<process>-<number>.quantaloupe-part` */
const PATTERN = /^\..+\.([a-z0-9]+)-(\d+)-\d+\.quantaloupe-part$/i

let count = 0

/** Written by this process now; another file with its id is from a process that had the same one before. */
const ours = new Set<string>()

/** Folders may be shared between machines, whose process ids say nothing here. */
const host = (): string =>
  hostname()
    .replace(/[^a-z0-9]/gi, '')
    .slice(0, 32) || 'host'

/** A name beside the target that tells which process writes it. */
export function temporaryPath(target: string): string {
  count += 1
  // Long targets are cut: file systems allow 255 bytes for a name.
  const name = Buffer.from(basename(target)).subarray(0, 160).toString('utf8').replaceAll('�', '')
  const path = join(dirname(target), `.${name}.${host()}-${process.pid}-${count}.quantaloupe-part`)
  ours.add(path)
  return path
}

/** Removes a temporary file or folder of ours, if it is there. */
export function dropTemporary(path: string): void {
  rmSync(path, { recursive: true, force: true })
  ours.delete(path)
}

/** Removes what killed processes of this machine left in a folder; what can not be removed stays. */
export function removeDebris(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, owner, processId] = PATTERN.exec(name) ?? []
    const path = join(folder, name)
    if (owner !== host() || processId === undefined || ours.has(path)) continue
    if (Number(processId) !== process.pid && isAlive(Number(processId))) continue
    try {
      rmSync(path, { recursive: true, force: true })
    } catch {
      // Somebody else's to remove.
    }
  }
}

/**
 * Puts a finished file at its place, and makes the new name last through a power cut.
 *
 * @param replace whether a file that is there may be replaced
 * @throws an error of the file system, `EEXIST` for a file that must not be replaced
 */
export function commitFile(temporary: string, target: string, replace: boolean): void {
  if (replace || !linkNew(temporary, target)) renameSync(temporary, target)
  dropTemporary(temporary)
  syncFolder(dirname(target))
}

/** A second name never takes the place of a file, as a rename does; false where the disk knows no second names. */
function linkNew(temporary: string, target: string): boolean {
  try {
    linkSync(temporary, target)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    return false
  }
}

/** Windows and some network disks can not open folders; there the rename has to do. */
function syncFolder(path: string): void {
  try {
    const descriptor = openSync(path, 'r')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return
  }
}
