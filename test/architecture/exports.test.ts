import { expect, it } from 'vitest'
import { exportedValues, usedNames } from '../support/exports.ts'
import { sourceFiles } from '../support/imports.ts'

const SOURCES = ['main', 'preload', 'renderer', 'native']
  .flatMap(sourceFiles)
  .filter((file) => file.endsWith('.ts'))
const READERS = ['main', 'preload', 'renderer', 'native', 'test'].flatMap(sourceFiles)

it('exports no value that nobody imports', () => {
  const used = new Set(READERS.flatMap(usedNames))
  const dead = SOURCES.filter((file) => !used.has(`${file}#*`)).flatMap((file) =>
    exportedValues(file)
      .map((name) => `${file}#${name}`)
      .filter((name) => !used.has(name)),
  )
  expect(dead).toEqual([])
})
