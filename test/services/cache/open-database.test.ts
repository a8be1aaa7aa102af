import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../../main/services/cache/open-database.ts'
import { MIGRATIONS } from '../../../main/services/cache/migrations/index.ts'
import { errorOf } from '../../support/thrown.ts'
import { testFolder } from '../../support/services.ts'

const INSERT = "INSERT INTO recent_models VALUES ('/a', 'a', '2026-01-01')"

function open(path: string, options?: Parameters<typeof openDatabase>[1]) {
  const opened = openDatabase(path, options)
  onTestFinished(() => void opened.database.close())
  return opened
}

function rows(database: Database.Database): number {
  return database.prepare<[], number>('SELECT count(*) FROM recent_models').pluck().get() ?? -1
}

it('makes folder, file and tables', () => {
  const { database, findings } = open(join(testFolder(), 'new', 'cache.sqlite'))
  expect(findings).toEqual([])
  expect(database.pragma('user_version', { simple: true })).toBe(MIGRATIONS.at(-1)?.number)
  expect(database.pragma('journal_mode', { simple: true })).toBe('wal')
  expect(rows(database)).toBe(0)
})

it('keeps what is there when it is opened again', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const first = openDatabase(path).database
  first.exec(INSERT)
  first.close()
  expect(rows(open(path).database)).toBe(1)
})

it('brings an older database forward and keeps its rows', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const older = openDatabase(path).database
  older.exec(INSERT)
  older.close()
  const added = {
    number: 1000,
    sql: "ALTER TABLE recent_models ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",
  }
  const { database } = open(path, { migrations: [...MIGRATIONS, added] })
  expect(database.prepare('SELECT path, note FROM recent_models').all()).toEqual([
    { path: '/a', note: 'none' },
  ])
  expect(database.pragma('user_version', { simple: true })).toBe(1000)
})

it('keeps the jobs of a database that knew no progress', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const older = openDatabase(path, { migrations: MIGRATIONS.slice(0, 1) }).database
  older.exec("INSERT INTO jobs VALUES ('j', 'export', 't', '/m', '{}', '2026', 1, 'x')")
  older.close()
  const { database } = open(path)
  expect(database.prepare('SELECT id, tensors_done, bytes_total FROM jobs').all()).toEqual([
    { id: 'j', tensors_done: 0, bytes_total: 0 },
  ])
})

it('leaves the database at its version when a step fails', () => {
  const path = join(testFolder(), 'cache.sqlite')
  openDatabase(path).database.close()
  const broken = { number: 1000, sql: 'CREATE TABLE half (a); CREATE TABLE recent_models (a)' }
  expect(() => openDatabase(path, { migrations: [...MIGRATIONS, broken] })).toThrow()
  const { database } = open(path)
  expect(database.pragma('user_version', { simple: true })).toBe(MIGRATIONS.at(-1)?.number)
  expect(database.prepare("SELECT name FROM sqlite_master WHERE name = 'half'").all()).toEqual([])
})

it('refuses a database of a newer version and leaves it alone', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const newer = openDatabase(path).database
  newer.pragma('user_version = 99')
  newer.close()
  expect(errorOf(() => openDatabase(path))).toMatchObject({ code: 'CACHE_TOO_NEW', place: path })
  expect(readdirSync(join(path, '..')).filter((name) => name.includes('damaged'))).toEqual([])
})

it('sets a file that is no database aside and begins a new one', () => {
  const folder = testFolder()
  const path = join(folder, 'cache.sqlite')
  writeFileSync(path, 'this was never a database '.repeat(1000))
  const { database, findings } = open(path)
  expect(findings.map(({ code }) => code)).toEqual(['CACHE_DAMAGED'])
  expect(rows(database)).toBe(0)
  const aside = readdirSync(folder).find((name) => name.includes('.damaged-'))
  expect(readFileSync(join(folder, aside ?? ''), 'utf8')).toMatch(/^this was never/)
})

it('notices a database that is damaged in the middle', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const before = openDatabase(path).database
  const insert = before.prepare('INSERT INTO recent_models VALUES (?, ?, ?)')
  for (let i = 0; i < 2000; i += 1) insert.run(`/some/path/${i}`, 'name', '2026')
  before.close()
  const bytes = readFileSync(path)
  bytes.fill(0x5a, 5 * 4096, bytes.length - 4096)
  writeFileSync(path, bytes)
  const { database, findings } = open(path)
  expect(findings.map(({ code }) => code)).toEqual(['CACHE_DAMAGED'])
  expect(rows(database)).toBe(0)
})

it('goes on in memory, with a finding, while another program has locked the file', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const other = openDatabase(path).database
  onTestFinished(() => void other.close())
  other.pragma('locking_mode = EXCLUSIVE')
  other.exec(INSERT)
  const { database, findings } = open(path, { busyMs: 50 })
  expect(findings).toMatchObject([
    { code: 'CACHE_UNUSABLE', message: expect.stringContaining('locked') as string },
  ])
  expect(rows(database)).toBe(0)
})

it('goes on in memory where no folder can be made', () => {
  const file = join(testFolder(), 'a-file')
  writeFileSync(file, '')
  const { database, findings } = open(join(file, 'cache.sqlite'))
  expect(findings.map(({ code }) => code)).toEqual(['CACHE_UNUSABLE'])
  expect(database.memory).toBe(true)
})
