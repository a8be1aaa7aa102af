import Database from 'better-sqlite3'
import { QuantaloupeError } from '../../engine/errors.ts'

/** Error code of SQLite or of the file system. */
export function sqliteCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** The file is not a database, or no longer a whole one. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(sqliteCode(error) ?? '')
}

export function isLock(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(sqliteCode(error) ?? '')
}

/** Runs a query; SQLite's failures become errors for people. */
export function translateErrors<T>(path: string, query: () => T): T {
  try {
    return query()
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error
    throw describe(path, error)
  }
}

function describe(path: string, error: InstanceType<typeof Database.SqliteError>): QuantaloupeError {
  const options = { cause: error }
  if (isLock(error)) {
    const remedy = 'Close the other program that uses it and try again.'
    return new QuantaloupeError(
      'CACHE_LOCKED',
      'The cache database is locked',
      { place: path, remedy },
      options,
    )
  }
  if (error.code === 'SQLITE_FULL') {
    const remedy = 'Free some space and try again.'
    return new QuantaloupeError(
      'CACHE_FULL',
      'No space is left for the cache',
      { place: path, remedy },
      options,
    )
  }
  const remedy = 'Start again: a damaged cache is set aside and begun anew.'
  const sentence = `The cache database failed (${error.code}: ${error.message})`
  return new QuantaloupeError('CACHE_FAILED', sentence, { place: path, remedy }, options)
}
