import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Model } from '../../engine/formats/model.ts'

const IMATRIX_FILE = /imatrix.*\.(gguf|dat)$|\.imatrix$/i

/** An importance file in the model's folder: the newer GGUF kind before the older one, then by name. */
export function findImatrix(model: Model): string | null {
  const folder = isFolder(model.path) ? model.path : dirname(model.path)
  const own = new Set(model.files.map((file) => file.path))
  const candidates = names(folder)
    .filter((name) => IMATRIX_FILE.test(name))
    .map((name) => join(folder, name))
    .filter((path) => !own.has(path))
  return candidates.find((path) => path.endsWith('.gguf')) ?? candidates[0] ?? null
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** The model opens without its folder being readable. */
function names(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted()
  } catch {
    return []
  }
}
