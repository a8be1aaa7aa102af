import { expect, test } from 'vitest'

import {
  TYPE_GEOMETRIES,
  typeByDtype,
  typeById,
  typeByName,
} from '../../../main/engine/tensor/type-geometry.ts'

/** Elements, bytes and bits per weight from the format's documentation. */
const BITS_PER_WEIGHT: Readonly<Record<string, number>> = {
  F32: 32,
  F16: 16,
  BF16: 16,
  Q4_0: 4.5,
  Q4_1: 5,
  Q5_0: 5.5,
  Q5_1: 6,
  Q8_0: 8.5,
  Q8_1: 9,
  Q2_K: 2.625,
  Q3_K: 3.4375,
  Q4_K: 4.5,
  Q5_K: 5.5,
  Q6_K: 6.5625,
  Q8_K: 9.125,
  IQ2_XXS: 2.0625,
  IQ2_XS: 2.3125,
  IQ3_XXS: 3.0625,
  IQ1_S: 1.5625,
  IQ4_NL: 4.5,
  IQ3_S: 3.4375,
  IQ2_S: 2.5625,
  IQ4_XS: 4.25,
  IQ1_M: 1.75,
  TQ1_0: 1.6875,
  TQ2_0: 2.0625,
  MXFP4: 4.25,
  NVFP4: 4.5,
  Q1_0: 1.125,
  Q2_0: 2.25,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
}

test.each(Object.entries(BITS_PER_WEIGHT))('%s has %f bits per weight', (name, bits) => {
  const type = typeByName(name)!
  expect((type.blockBytes * 8) / type.blockSize).toBe(bits)
})

test('every id leads to one type and back', () => {
  const withId = TYPE_GEOMETRIES.filter((type) => type.id !== null)
  expect(withId).toHaveLength(35)
  for (const type of withId) expect(typeById(type.id!)).toBe(type)
})

test.each([4, 5, 31, 32, 33, 36, 37, 38, 43, 139])('id %i is not a type', (id) => {
  expect(typeById(id)).toBeUndefined()
})

test('names are unique', () => {
  expect(new Set(TYPE_GEOMETRIES.map((type) => type.name)).size).toBe(TYPE_GEOMETRIES.length)
})

test('safetensors has 22 spellings, and none of the block types', () => {
  const spellings = TYPE_GEOMETRIES.filter((type) => typeByDtype(type.name) !== undefined)
  expect(spellings).toHaveLength(22)
  expect(spellings.filter((type) => type.kind === 'quantized')).toEqual([])
})
