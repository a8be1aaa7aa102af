import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'

import { hostileFiles } from '../../support/hostile-files.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import type { OpenOutcome } from '../../support/open-hostile.ts'

const OPENER = new URL('../../support/open-hostile.ts', import.meta.url).pathname
const MODEL = new URL('../../models/novelist-7m/novelist-7m-f16.gguf', import.meta.url).pathname
const MOST_BYTES = 64 * 2 ** 20
const EXTENSIONS = { gguf: 'gguf', safetensors: 'safetensors', imatrix: 'dat' } as const

const folder = new TemporaryFolder()
const files = hostileFiles()
/** Takes 80 MB, so that the measurement is known to notice. */
const CONTROL = { kind: 'allocation', path: String(80 * 2 ** 20) }

let outcomes: ReadonlyMap<string, OpenOutcome>
let control: OpenOutcome

/** Opens all files in one other process, a real model first. */
beforeAll(() => {
  const requests = files.map(({ kind, bytes, size }, index) => ({
    kind,
    path: folder.write(`hostile-${index}.${EXTENSIONS[kind]}`, bytes, size),
  }))
  const input = JSON.stringify([{ kind: 'gguf', path: MODEL }, ...requests, CONTROL])
  const output = execFileSync(process.execPath, ['--expose-gc', OPENER], { input, encoding: 'utf8' })
  const [warmUp, ...rest] = JSON.parse(output) as OpenOutcome[]
  expect(warmUp?.error).toBeNull()
  control = rest.pop()!
  outcomes = new Map(files.map(({ kind, name }, index) => [`${kind} ${name}`, rest[index]!]))
})

describe.each(['gguf', 'safetensors', 'imatrix'] as const)('a hostile %s file', (kind) => {
  const rows = files.filter((file) => file.kind === kind)

  test.each(rows)('with $name gives $code at its place', ({ name, code, offset }) => {
    const error = outcomes.get(`${kind} ${name}`)?.error
    expect(error).toMatchObject({ fault: 'input', code, offset })
    expect(error?.expected).toBeTruthy()
    expect(error?.remedy).toBeTruthy()
    expect(error?.place).toContain(folder.path)
  })
})

test('no hostile file takes 64 MB', () => {
  const grown = [...outcomes.values()].map((outcome) => outcome.grownBytes)
  expect(Math.max(...grown)).toBeLessThan(MOST_BYTES)
  expect(control.grownBytes).toBeGreaterThan(MOST_BYTES)
})

test('every hostile file has a name of its own', () => {
  expect(outcomes.size).toBe(files.length)
})
