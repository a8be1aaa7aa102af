import { existsSync } from 'node:fs'
import { QuantaloupeError } from '../engine/errors.ts'
import type { Context } from './context.ts'

/**
 * The absolute path of a model that a host will open later: said now, on the command line, when it is not there.
 *
 * @throws QuantaloupeError `FILE_NOT_FOUND`
 */
export function existingPath(context: Context, path: string): string {
  const absolute = context.resolve(path)
  if (existsSync(absolute)) return absolute
  throw new QuantaloupeError('FILE_NOT_FOUND', 'There is no such file or folder', {
    place: absolute,
    remedy: 'Check the path.',
  })
}
