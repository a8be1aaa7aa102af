import { readdirSync, statSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { QuantaloupeError } from '../../engine/errors.ts'
import type { FolderEntry, FolderEntryKind, FolderListing } from '../../../preload/contract.ts'
import { isInside } from './paths.ts'
import type { ServedPaths } from './paths.ts'

/** Shards after the first open the same model and only lengthen the list. */
const LATER_SHARD = /-(?!0*1-of-)\d{5}-of-\d{5}\.(gguf|safetensors)$/i
const MODEL_FILE = /\.(gguf|safetensors)$/i

/**
 * Lists a folder for the file browser; hidden entries are left out.
 *
 * @param path null for the served roots, or the home folder where the whole disk is open
 * @throws QuantaloupeError `FILE_NOT_FOUND`, `OUTSIDE_ROOTS`, `NOT_A_FOLDER`, `FOLDER_NOT_READABLE`
 */
export function listFolder(path: string | null, served: ServedPaths): FolderListing {
  if (path === null && served.roots) {
    return { path: null, parent: null, entries: served.roots.map((root) => ({ ...folder(root, root) })) }
  }
  const place = served.existing(path ?? homedir())
  const entries = readFolder(place)
    .filter((entry) => !entry.name.startsWith('.'))
    .map((entry) => describe(place, entry, served))
    .filter((entry) => entry !== null)
    .toSorted(compare)
  return { path: place, parent: parentOf(place, served), entries }
}

function readFolder(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOTDIR')
      throw new QuantaloupeError('NOT_A_FOLDER', 'This is not a folder', { place: path })
    throw new QuantaloupeError('FOLDER_NOT_READABLE', `The folder can not be read (${code})`, { place: path })
  }
}

/** Null for what is neither file nor folder, leads nowhere, or leads out of the served roots. */
function describe(parent: string, entry: Dirent, served: ServedPaths): FolderEntry | null {
  const path = join(parent, entry.name)
  try {
    served.existing(path)
    const stats = statSync(path)
    if (stats.isDirectory()) return folder(path, entry.name)
    if (!stats.isFile()) return null
    const model = MODEL_FILE.test(entry.name) && !LATER_SHARD.test(entry.name)
    return { name: entry.name, path, kind: model ? 'model' : 'file', bytes: stats.size }
  } catch {
    return null
  }
}

function folder(path: string, name: string): FolderEntry {
  return { name, path, kind: folderKind(path), bytes: null }
}

/** A Hugging Face folder is one model. */
function folderKind(path: string): FolderEntryKind {
  try {
    const names = readdirSync(path)
    const model = names.includes('config.json') && names.some((name) => name.endsWith('.safetensors'))
    return model ? 'model' : 'folder'
  } catch {
    return 'folder'
  }
}

function parentOf(path: string, served: ServedPaths): string | null {
  const parent = dirname(path)
  if (parent === path) return null
  if (!served.roots || served.roots.some((root) => isInside(root, parent))) return parent
  return null
}

/** Folders before files, each by name. */
function compare(a: FolderEntry, b: FolderEntry): number {
  const byBytes = Number(a.bytes !== null) - Number(b.bytes !== null)
  return byBytes === 0 ? a.name.localeCompare(b.name, 'en', { numeric: true }) : byBytes
}
