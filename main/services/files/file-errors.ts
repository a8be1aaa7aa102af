import { QuantaloupeError } from '../../engine/errors.ts'

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']
const READ_ONLY = ['EACCES', 'EPERM', 'EROFS']

/** A failed write as a sentence; what is no error of the file system stays what it is. */
export function writeError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null
  if (code === null || error instanceof QuantaloupeError) return error
  const options = { cause: error }
  if (FULL.includes(code)) {
    const remedy = 'Free some space or choose another disk.'
    return new QuantaloupeError(
      'DISK_FULL',
      'There is no room left to write the file',
      { place: path, remedy },
      options,
    )
  }
  if (READ_ONLY.includes(code)) {
    const details = {
      place: path,
      expected: 'a folder that may be written to',
      remedy: 'Choose another place.',
    }
    return new QuantaloupeError('FILE_NOT_WRITABLE', 'Nothing may be written there', details, options)
  }
  if (code === 'EEXIST') return targetExists(path)
  const details = { place: path, remedy: 'Choose another place.' }
  return new QuantaloupeError('FILE_NOT_WRITABLE', `The file can not be written (${code})`, details, options)
}

export function targetExists(path: string): QuantaloupeError {
  return new QuantaloupeError('TARGET_EXISTS', 'There is a file already', {
    place: path,
    remedy: 'Choose another name, or allow overwriting.',
  })
}
