import fc from 'fast-check'
import { expect, test } from 'vitest'

import { layoutGguf } from '../../../main/engine/formats/gguf-writer.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { readMetadataArray } from '../../../main/engine/formats/metadata.ts'
import { typeByName } from '../../../main/engine/tensor/type-geometry.ts'
import { QuantaloupeError } from '../../../main/engine/errors.ts'
import type { ScalarType } from '../../../main/engine/formats/model.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import { SAMPLE_FOLDER } from '../../support/sample-model.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { buildSafetensors } from '../../support/safetensors-builder.ts'
import type { BuiltArray, BuiltEntry, BuiltTensor, BuiltValue } from '../../support/gguf-builder.ts'

const folder = new TemporaryFolder()

const SCALARS: Readonly<Record<ScalarType, fc.Arbitrary<BuiltValue>>> = {
  u8: fc.integer({ min: 0, max: 255 }),
  i8: fc.integer({ min: -128, max: 127 }),
  u16: fc.integer({ min: 0, max: 65_535 }),
  i16: fc.integer({ min: -32_768, max: 32_767 }),
  u32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  i32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  f32: fc.float(),
  bool: fc.boolean(),
  string: fc.string({ unit: 'grapheme' }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f64: fc.double(),
}

const TYPES = Object.keys(SCALARS) as ScalarType[]

const value = fc
  .constantFrom(...TYPES)
  .chain((type) => SCALARS[type].map((scalar) => ({ type, value: scalar })))

const array = fc.constantFrom(...TYPES).chain((elementType) =>
  fc.array(SCALARS[elementType], { maxLength: 5 }).map((elements) => {
    return { type: 'array' as const, value: { elementType, elements } }
  }),
)

const name = fc.stringMatching(/^[a-z][a-z0-9._]{0,20}$/)

const metadata = fc
  .uniqueArray(fc.tuple(name, fc.oneof(value, array)), { selector: ([key]) => `m.${key}`, maxLength: 8 })
  .map((entries) => entries.map(([key, entry]): BuiltEntry => [`m.${key}`, entry.type, entry.value]))

const tensor = fc.record({
  name,
  shape: fc.tuple(fc.constantFrom(256, 512), fc.integer({ min: 1, max: 3 })),
  typeId: fc.constantFrom(0, 1, 2, 8, 12, 14, 28, 30),
})

const tensors: fc.Arbitrary<BuiltTensor[]> = fc.uniqueArray(tensor, {
  selector: (built) => built.name,
  maxLength: 5,
})

test('whatever is built is read back, and laid out again as it was', () => {
  fc.assert(
    fc.property(metadata, tensors, fc.boolean(), (entries, built, littleEndian) => {
      const bytes = buildGguf({ metadata: entries, tensors: built, littleEndian })
      const model = openModel(folder.write('property.gguf', bytes))
      expect(model.tensors.map(({ name, shape }) => ({ name, shape }))).toEqual(
        built.map(({ name, shape }) => ({ name, shape })),
      )
      for (const [key, type, expected] of entries) {
        const entry = model.metadata.get(key)!
        if (type === 'array') {
          expect(readMetadataArray(model, entry, 0, 99)).toEqual((expected as BuiltArray).elements)
        } else expect(entry.value).toEqual(expected)
      }
      const outputs = model.tensors.map(({ name, shape, type, bytes }) => ({
        name,
        shape,
        bytes,
        typeId: typeByName(type)!.id!,
      }))
      const overrides = new Map([['general.quantization_version', null]])
      const { header } = layoutGguf({ source: model, overrides, tensors: outputs })
      const expected = buildGguf({ metadata: entries, tensors: built, headerOnly: true })
      expect(Buffer.compare(header, expected)).toBe(0)
    }),
    { numRuns: 200, seed: 11 },
  )
})

/** Replaces bytes at places spread over a file. */
const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 })

function expectNoCrash(
  file: string,
  original: Uint8Array,
  changes: readonly (readonly [number, number])[],
): void {
  const bytes = original.slice()
  for (const [place, byte] of changes) bytes[place % bytes.length] = byte
  try {
    openModel(folder.write(file, bytes))
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(QuantaloupeError)
  }
}

test('a damaged GGUF file opens or gives an error of the reader', () => {
  const original = buildGguf({
    metadata: [
      ['general.alignment', 'u32', 32],
      ['list', 'array', { elementType: 'string', elements: ['a', 'b'] }],
      ['number', 'u64', 5n],
    ],
    tensors: [
      { name: 'a', shape: [4, 2] },
      { name: 'b', shape: [32], typeId: 8 },
    ],
  }).slice(0, 288)
  fc.assert(
    fc.property(damage, (changes) => expectNoCrash('damaged.gguf', original, changes)),
    { numRuns: 1000, seed: 12 },
  )
})

test('a damaged safetensors file opens or gives an error of the reader', () => {
  const original = buildSafetensors(
    [
      { name: 'a', dtype: 'F32', shape: [2, 1], data: new Uint8Array(8) },
      { name: 'b', dtype: 'U8', shape: [3], data: new Uint8Array(3) },
    ],
    { format: 'pt' },
  )
  fc.assert(
    fc.property(damage, (changes) => expectNoCrash('damaged.safetensors', original, changes)),
    { numRuns: 1000, seed: 13 },
  )
})

test('both containers of the sample agree tensor by tensor', () => {
  const gguf = openModel(`${SAMPLE_FOLDER}/novelist-7m-f16.gguf`)
  const safetensors = openModel(SAMPLE_FOLDER)
  const byPlace = (model: typeof gguf) =>
    new Map(
      model.tensors.map(({ layer, role, shape, quantizable }) => [
        `${layer} ${role}`,
        { shape, quantizable },
      ]),
    )
  expect(byPlace(gguf)).toEqual(byPlace(safetensors))
  expect(byPlace(gguf).size).toBe(57)
  expect(gguf.parameters).toBe(safetensors.parameters)
  expect([gguf.architecture, safetensors.architecture]).toEqual(['llama', 'llama'])
})
