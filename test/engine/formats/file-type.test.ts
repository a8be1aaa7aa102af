import { expect, test } from 'vitest'

import { FILE_TYPES, fileTypeById } from '../../../main/engine/formats/file-type.ts'
import { typeByName } from '../../../main/engine/tensor/type-geometry.ts'

test.each([
  [0, 'F32', 'F32'],
  [15, 'Q4_K_M', 'Q4_K'],
  [7, 'Q8_0', 'Q8_0'],
  [28, 'IQ2_S', 'IQ2_XS'],
  [29, 'IQ2_M', 'IQ2_S'],
  [38, 'MXFP4_MOE', 'MXFP4'],
])('file type %i is %s and mostly %s', (id, label, type) => {
  expect(fileTypeById(id)).toEqual({ id, label, type })
})

test('the flag of a guess is passed over', () => {
  expect(fileTypeById(1024 + 15)?.label).toBe('Q4_K_M')
})

test.each([4, 5, 6, 33, 34, 35, 42])('file type %i is retired or unknown', (id) => {
  expect(fileTypeById(id)).toBeUndefined()
})

test('every file type stores a type that is known', () => {
  expect(FILE_TYPES.filter(({ type }) => typeof typeByName(type)?.id !== 'number')).toEqual([])
})
