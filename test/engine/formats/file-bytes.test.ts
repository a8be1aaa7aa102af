import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, renameSync, truncateSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'

import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'

const folder = new TemporaryFolder()
const isRoot = process.getuid?.() === 0

function opened(name: string, content = 'hello world'): FileBytes {
  const file = FileBytes.open(folder.write(name, content))
  onTestFinished(() => file.close())
  return file
}

describe('opening', () => {
  test('a missing file is named', () => {
    const path = join(folder.path, 'missing')
    expect(errorOf(() => FileBytes.open(path))).toMatchObject({ code: 'FILE_NOT_FOUND', place: path })
  })

  test('a path through a file is missing too', () => {
    const path = join(folder.write('plain', ''), 'inner')
    expect(errorOf(() => FileBytes.open(path))?.code).toBe('FILE_NOT_FOUND')
  })

  test('a folder is refused', () => {
    expect(errorOf(() => FileBytes.open(folder.path))?.code).toBe('NOT_A_FILE')
  })

  test.skipIf(process.platform === 'win32')('a pipe is refused without waiting for its writer', () => {
    const path = join(folder.path, 'pipe')
    execFileSync('mkfifo', [path])
    expect(errorOf(() => FileBytes.open(path))?.code).toBe('NOT_A_FILE')
  })

  test.skipIf(isRoot || process.platform === 'win32')(
    'a file without permission is said to have none',
    () => {
      const path = folder.write('secret', '')
      chmodSync(path, 0)
      expect(errorOf(() => FileBytes.open(path))?.code).toBe('FILE_NOT_READABLE')
    },
  )

  test('any other failure carries the name of the system', () => {
    const path = join(folder.path, 'n'.repeat(1000))
    expect(errorOf(() => FileBytes.open(path))).toMatchObject({
      code: 'FILE_ERROR',
      message: expect.stringContaining('ENAMETOOLONG') as string,
    })
  })
})

describe('reading', () => {
  test('gives the bytes at a position', () => {
    expect(Buffer.from(opened('positions').read(6, 5)).toString()).toBe('world')
  })

  test('beyond the end says how much is missing', () => {
    const error = errorOf(() => opened('short').read(6, 10))
    expect(error).toMatchObject({ code: 'FILE_TRUNCATED', offset: 11, expected: '5 more bytes' })
  })

  test('of a file that shrank meanwhile is an error, not zeros', () => {
    const file = opened('shrinking')
    truncateSync(file.path, 8)
    expect(errorOf(() => file.read(0, 11))).toMatchObject({ code: 'FILE_TRUNCATED', offset: 8 })
  })
})

describe('a file that was looked at before', () => {
  test('is accepted when nothing happened', () => {
    const file = opened('same')
    expect(errorOf(() => file.checkUnchanged(file.identify()))).toBeNull()
  })

  test('is refused when it shrank', () => {
    const file = opened('shrunk')
    const before = file.identify()
    truncateSync(file.path, 3)
    expect(errorOf(() => file.checkUnchanged(before))).toMatchObject({
      code: 'FILE_CHANGED',
      message: 'The file had 11 bytes and has 3 now since it was opened',
    })
  })

  test('is refused when it grew', () => {
    const file = opened('grown')
    const before = file.identify()
    appendFileSync(file.path, '!')
    expect(errorOf(() => file.checkUnchanged(before))?.code).toBe('FILE_CHANGED')
  })

  test('is refused when it was written to', () => {
    const file = opened('touched')
    const before = file.identify()
    utimesSync(file.path, 1, 1)
    expect(errorOf(() => file.checkUnchanged(before))).toMatchObject({
      code: 'FILE_CHANGED',
      message: 'The file was modified since it was opened',
    })
  })

  test('is refused when another file took its place under an open descriptor', () => {
    const file = opened('replaced')
    const before = file.identify()
    renameSync(folder.write('other', 'hello world'), file.path)
    expect(errorOf(() => file.checkUnchanged(before))).toMatchObject({
      code: 'FILE_CHANGED',
      message: 'The file was replaced since it was opened',
    })
  })

  test('is accepted after it was renamed', () => {
    const file = opened('renamed')
    const before = file.identify()
    renameSync(file.path, join(folder.path, 'elsewhere'))
    expect(errorOf(() => file.checkUnchanged(before))).toBeNull()
  })
})
