import Database from 'better-sqlite3'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Finding } from '../../engine/formats/model.ts'
import { QuantaloupeError } from '../../engine/errors.ts'
import { isDamage, isLock, sqliteCode } from './sqlite-errors.ts'
import { MIGRATIONS } from './migrations/index.ts'
import type { Migration } from './migrations/index.ts'

export interface OpenedDatabase {
  readonly database: Database.Database
  /** What the user should know: a damaged file set aside, or work without a cache. */
  readonly findings: readonly Finding[]
}

/** How long a statement waits for another process's write to end. */
const BUSY_MS = 5_000

/**
 * Opens the cache and brings it to the newest version.
 *
 * A damaged file is renamed and a new one begun. Where the file can not be used at all (locked, read-only folder),
 * the work goes on with a database in memory. Both are told as findings.
 *
 * @throws QuantaloupeError `CACHE_TOO_NEW` when a newer version of the program wrote it
 */
export function openDatabase(
  path: string,
  { busyMs = BUSY_MS, migrations = MIGRATIONS }: { busyMs?: number; migrations?: readonly Migration[] } = {},
): OpenedDatabase {
  const open = (place: string): Database.Database => openAndMigrate(place, busyMs, migrations)
  try {
    mkdirSync(dirname(path), { recursive: true })
    return { database: open(path), findings: [] }
  } catch (error) {
    if (error instanceof QuantaloupeError) throw error
    if (!isDamage(error)) return { database: open(':memory:'), findings: [withoutCache(path, error)] }
    const aside = setAside(path)
    return { database: open(path), findings: [damaged(path, aside)] }
  }
}

function openAndMigrate(path: string, busyMs: number, migrations: readonly Migration[]): Database.Database {
  const database = new Database(path, { timeout: busyMs })
  try {
    database.pragma('journal_mode = WAL')
    // A power cut may lose the last measurements, never the database.
    database.pragma('synchronous = NORMAL')
    database.pragma('foreign_keys = ON')
    checkStructure(database)
    migrate(database, path, migrations)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** A truncated or overwritten file often still opens; the check finds it before a query does. */
function checkStructure(database: Database.Database): void {
  const answer = database.pragma('quick_check(1)', { simple: true })
  if (answer !== 'ok') throw new Database.SqliteError(String(answer), 'SQLITE_CORRUPT')
}

function migrate(database: Database.Database, path: string, migrations: readonly Migration[]): void {
  const newest = migrations.at(-1)?.number ?? 0
  const step = database.transaction(() => {
    const version = database.pragma('user_version', { simple: true }) as number
    if (version > newest) throw tooNew(path, version, newest)
    for (const migration of migrations.filter(({ number }) => number > version)) {
      database.exec(migration.sql)
      database.pragma(`user_version = ${migration.number}`)
    }
  })
  // Takes the write lock first, so that two processes do not both run the same step.
  step.immediate()
}

function tooNew(path: string, version: number, newest: number): QuantaloupeError {
  return new QuantaloupeError('CACHE_TOO_NEW', `The cache database has version ${version}`, {
    place: path,
    expected: `version ${newest} or older`,
    remedy: 'Use the newer version of Quantaloupe that wrote it, or another data folder.',
  })
}

/** Renames the damaged file; its journal belongs to it and would spoil the new one. */
function setAside(path: string): string {
  const aside = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`
  renameSync(path, aside)
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
  return aside
}

function damaged(path: string, aside: string): Finding {
  const message = `The cache database ${path} was damaged; it was kept as ${aside} and a new one begun`
  return { code: 'CACHE_DAMAGED', message }
}

function withoutCache(path: string, error: unknown): Finding {
  const reason = isLock(error)
    ? 'another program has locked it'
    : `${sqliteCode(error) ?? 'error'}: ${error instanceof Error ? error.message : String(error)}`
  const message = `The cache database ${path} can not be used (${reason}); results of this run are not kept`
  return { code: 'CACHE_UNUSABLE', message }
}
