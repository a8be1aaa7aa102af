import { lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { QuantaloupeError } from '../../engine/errors.ts'

/**
 * Which part of the disk a client may name.
 *
 * Paths are compared after every `..` and symbolic link is followed, so neither leads out of the served roots.
 */
export class ServedPaths {
  /** Real paths; null when the whole disk is open. */
  readonly roots: readonly string[] | null
  readonly #uploadFolder: string | null

  /** @throws QuantaloupeError `FOLDER_NOT_FOUND` */
  constructor(roots: readonly string[] | null, uploadFolder: string | null = null) {
    this.roots = roots && [...new Set(roots.map(realRoot))]
    this.#uploadFolder = uploadFolder
  }

  /**
   * The absolute path of something that exists.
   *
   * @throws QuantaloupeError `FILE_NOT_FOUND`, `OUTSIDE_ROOTS`
   */
  existing(path: string): string {
    if (!this.roots) return resolve(path)
    const real = realPath(path)
    if (!this.#isUpload(real)) this.#checkInside(real, path)
    return real
  }

  /**
   * The absolute path of a file to be written; its folder must exist.
   *
   * @throws QuantaloupeError `FOLDER_NOT_FOUND`, `NOT_A_FOLDER`, `OUTSIDE_ROOTS`
   */
  writable(path: string): string {
    const folder = realFolder(path)
    const target = join(folder, basename(resolve(path)))
    if (this.roots) this.#checkInside(realPathIfAny(target), path)
    return target
  }

  #isUpload(real: string): boolean {
    const folder = this.#uploadFolder && realPathIfAny(this.#uploadFolder)
    return folder !== null && isInside(folder, real)
  }

  #checkInside(real: string | null, named: string): void {
    // A dangling link has no real path and could lead anywhere.
    if (real !== null && this.roots?.some((root) => isInside(root, real))) return
    throw new QuantaloupeError('OUTSIDE_ROOTS', 'This path is outside the folders that are served', {
      place: named,
      expected: `a path below ${this.roots?.join(' or ')}`,
      remedy: 'Start the server with `--root` for that folder.',
    })
  }
}

/** Whether `path` is `folder` or below it. Both are real paths. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !/^\.\.[/\\]/.test(way) && !isAbsolute(way))
}

function realRoot(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw notFound('FOLDER_NOT_FOUND', 'There is no such folder to serve', path, error)
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw notFound('FILE_NOT_FOUND', 'There is no such file or folder', path, error)
  }
}

function realFolder(path: string): string {
  const folder = dirname(resolve(path))
  try {
    const real = realpathSync(folder)
    if (statSync(real).isDirectory()) return real
  } catch (error) {
    throw notFound('FOLDER_NOT_FOUND', 'There is no folder to write to', folder, error)
  }
  throw new QuantaloupeError('NOT_A_FOLDER', 'There is a file where a folder should be', { place: folder })
}

/** The path itself where nothing exists yet; null for a link that leads nowhere. */
function realPathIfAny(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return isLink(path) ? null : path
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

function notFound(code: string, sentence: string, place: string, cause: unknown): QuantaloupeError {
  return new QuantaloupeError(code, sentence, { place, remedy: 'Check the path.' }, { cause })
}
