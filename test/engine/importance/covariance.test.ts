import { appendFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

import { readCovariance } from '../../../main/engine/importance/covariance.ts'
import { readImatrix } from '../../../main/engine/importance/read-imatrix.ts'
import { buildSafetensors, floats } from '../../support/safetensors-builder.ts'
import { SAMPLE_FOLDER, sharedFile } from '../../support/sample-model.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'
import type { BuiltSafetensor } from '../../support/safetensors-builder.ts'

const folder = new TemporaryFolder()
let files = 0

function matrix(shape: readonly number[], values: readonly number[], dtype = 'F32'): BuiltSafetensor {
  const data = dtype === 'F64' ? new Uint8Array(Float64Array.from(values).buffer) : floats(values)
  return { name: 'a', dtype, shape, data }
}

function covariance(tensor: BuiltSafetensor, metadata?: Readonly<Record<string, string>>) {
  return readCovariance(
    folder.write(`covariance-${files++}.safetensors`, buildSafetensors([tensor], metadata)),
  )
}

describe('a covariance', () => {
  test.each(['F32', 'F64'])('of %s is read whole', (dtype) => {
    const file = covariance(matrix([2, 2], [4, 1, 1, 9], dtype))
    expect(file.get('a')).toEqual(Float64Array.of(4, 1, 1, 9))
    expect(file.entry('b')).toBeUndefined()
    expect(file.get('b')).toBeUndefined()
  })

  test('is unpacked from its lower triangle', () => {
    expect(covariance(matrix([6], [4, 1, 9, 2, 3, 16])).get('a')).toEqual(
      Float64Array.of(4, 1, 2, 1, 9, 3, 2, 3, 16),
    )
  })

  test('is found by its aliases', () => {
    const file = covariance(matrix([1, 1], [4]), { aliases: '{"b":"a"}' })
    expect([...file.keys()]).toEqual(['a', 'b'])
    expect(file.get('b')).toEqual(Float64Array.of(4))
  })

  test.each([
    ['a rectangle', matrix([2, 1], [1, 1])],
    ['a broken triangle', matrix([5], [1, 1, 1, 1, 1])],
    ['a cube', matrix([1, 1, 1], [1])],
    ['nothing', matrix([0, 0], [])],
    ['whole numbers', matrix([1, 1], [1], 'I32')],
  ])('of %s is refused on opening', (_, tensor) => {
    expect(errorOf(() => covariance(tensor))).toMatchObject({ code: 'BAD_COVARIANCE', fault: 'input' })
  })

  test.each([
    ['Row 1, column 0 of a is 1, and 2 on the other side of the diagonal', [4, 2, 1, 9]],
    ['Row 1, column 0 of a is NaN', [4, 1, NaN, 9]],
    ['Row 1, column 0 of a is 1, and Infinity on the other side of the diagonal', [4, Infinity, 1, 9]],
    ['Row 1, column 1 of a is -9', [4, 1, 1, -9]],
  ])('is refused because: %s', (message, values) => {
    const file = covariance(matrix([2, 2], values))
    expect(errorOf(() => file.get('a'))).toMatchObject({ code: 'BAD_COVARIANCE', message })
  })

  test.each(['[', '[1]', '{"b":1}', '{"b":"missing"}', '"b"'])(
    'with the aliases %s is refused',
    (aliases) => {
      expect(errorOf(() => covariance(matrix([1, 1], [4]), { aliases }))?.code).toBe('BAD_COVARIANCE')
    },
  )

  test('is not read from a file that changed', () => {
    const file = covariance(matrix([1, 1], [4]))
    appendFileSync(file.file.path, 'x')
    expect(errorOf(() => file.get('a'))?.code).toBe('FILE_CHANGED')
  })
})

const shared = sharedFile('novelist-7m/covariance.safetensors')

test.skipIf(shared === null)(
  'the covariances beside the project have the importance matrix as diagonals',
  () => {
    const file = readCovariance(shared!)
    const { entries } = readImatrix(`${SAMPLE_FOLDER}/imatrix.gguf`)
    expect([...file.keys()].sort()).toEqual([...entries.keys()].sort())
    for (const name of ['blk.0.attn_v.weight', 'blk.3.ffn_down.weight', 'output.weight']) {
      const sigma = file.get(name)!
      const columns = Math.sqrt(sigma.length)
      entries.get(name)!.values.forEach((value, column) => {
        expect(Math.abs(sigma[column * (columns + 1)]! / value - 1)).toBeLessThan(1e-6)
      })
    }
  },
)
