import { QuantaloupeError } from '../errors.ts'

/**
 * The importance of a format that is not made without it.
 *
 * @throws QuantaloupeError `IMPORTANCE_NEEDED`
 */
export function requireImportance(format: string, importance: Float32Array | null): Float32Array {
  if (importance !== null) return importance
  throw new QuantaloupeError('IMPORTANCE_NEEDED', `${format} needs an importance matrix`, {
    expected: 'one importance value per column',
    remedy: 'Give an imatrix file, or choose a format that works without.',
  })
}
