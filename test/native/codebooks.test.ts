import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { codebooksHeader } from '../../native/write-codebooks.ts'
import { ROOT } from '../support/imports.ts'

it('has the grids of the engine in C++ (run `node native/write-codebooks.ts` when this fails)', () => {
  expect(readFileSync(join(ROOT, 'native/src/codebooks.h'), 'utf8')).toBe(codebooksHeader())
})
