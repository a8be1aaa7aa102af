import { appendFileSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

import { layoutGguf } from '../../../main/engine/formats/gguf-writer.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { readMetadataArray } from '../../../main/engine/formats/metadata.ts'
import { typeByName } from '../../../main/engine/tensor/type-geometry.ts'
import type { Model } from '../../../main/engine/formats/model.ts'
import type { GgufLayout, LayoutOptions, OutputTensor } from '../../../main/engine/formats/gguf-writer.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'
import type { BuiltEntry, BuiltTensor, GgufOptions } from '../../support/gguf-builder.ts'

const folder = new TemporaryFolder()
let files = 0

function source(options: GgufOptions): Model {
  return openModel(folder.write(`source-${files++}.gguf`, buildGguf(options)))
}

function sameTensors(model: Model): OutputTensor[] {
  return model.tensors.map(({ name, shape, type, bytes }) => ({
    name,
    shape,
    bytes,
    typeId: typeByName(type)!.id!,
  }))
}

function layout(model: Model, options: Partial<LayoutOptions> = {}): GgufLayout {
  return layoutGguf({ source: model, overrides: new Map(), tensors: sameTensors(model), ...options })
}

/** Writes what was laid out, with zeros for the tensors, and opens it. */
function reopen(laidOut: GgufLayout): Model {
  return openModel(folder.write(`output-${files++}.gguf`, laidOut.header, laidOut.fileBytes))
}

function keys(model: Model): string[] {
  return [...model.metadata.keys()]
}

describe('an unchanged model', () => {
  test('gets the header of the sample, byte for byte', () => {
    const model = openModel(SAMPLE_GGUF)
    const { header, tensorOffsets, fileBytes } = layout(model)
    expect(Buffer.compare(header, readFileSync(SAMPLE_GGUF).subarray(0, header.length))).toBe(0)
    expect(tensorOffsets).toEqual(model.tensors.map((tensor) => tensor.offsetBytes))
    expect(fileBytes).toBe(model.bytes)
  })

  test('of big-endian bytes becomes little endian with the same values', () => {
    const metadata: BuiltEntry[] = [
      ['text', 'string', 'größe'],
      ['number', 'f64', 1e300],
      ['small', 'u8', 3],
      ['list', 'array', { elementType: 'i16', elements: [-1, 2] }],
      ['texts', 'array', { elementType: 'string', elements: ['a', ''] }],
      [
        'lists',
        'array',
        { elementType: 'array', elements: [{ elementType: 'u64', elements: [1n, 2n ** 63n] }] },
      ],
    ]
    const tensors = [{ name: 'a', shape: [3, 2] }]
    const { header } = layout(source({ metadata, tensors, littleEndian: false }))
    expect(Buffer.compare(header, buildGguf({ metadata, tensors, headerOnly: true }))).toBe(0)
  })

  test('of version 2 becomes version 3', () => {
    const model = source({ version: 2, metadata: [['a', 'u8', 1]] })
    expect(layout(model).header[4]).toBe(3)
  })
})

describe('metadata', () => {
  const metadata: BuiltEntry[] = [
    ['first', 'string', 'kept'],
    ['general.file_type', 'u32', 1],
    ['split.count', 'u16', 0],
    ['last', 'array', { elementType: 'string', elements: ['x', 'y'] }],
  ]

  test('is set in place, appended and removed', () => {
    const overrides = new Map([
      ['general.quantization_version', { type: 'u32' as const, value: 2 }],
      ['general.file_type', { type: 'u32' as const, value: 15 }],
      ['first', null],
    ])
    const output = reopen(layout(source({ metadata }), { overrides }))
    expect(keys(output)).toEqual(['general.file_type', 'last', 'general.quantization_version'])
    expect(output.metadata.get('general.file_type')?.value).toBe(15)
    expect(readMetadataArray(output, output.metadata.get('last')!, 0, 9)).toEqual(['x', 'y'])
  })

  test('of a split loses the keys of the split', () => {
    expect(keys(reopen(layout(source({ metadata }))))).toEqual(['first', 'general.file_type', 'last'])
  })

  test('gets a quantization version with the first quantized tensor', () => {
    const tensors = [{ name: 'a', shape: [256], typeId: 12, bytes: 144 }]
    const output = reopen(layout(source({ metadata }), { tensors }))
    expect(output.metadata.get('general.quantization_version')).toMatchObject({ type: 'u32', value: 2 })
  })

  test('keeps a quantization version that the caller sets', () => {
    const overrides = new Map([['general.quantization_version', { type: 'u32' as const, value: 3 }]])
    const tensors = [{ name: 'a', shape: [256], typeId: 12, bytes: 144 }]
    const output = reopen(layout(source({ metadata }), { tensors, overrides }))
    expect(output.metadata.get('general.quantization_version')?.value).toBe(3)
  })

  test('takes overrides of every type', () => {
    const overrides = new Map([
      ['u8', { type: 'u8' as const, value: 200 }],
      ['i8', { type: 'i8' as const, value: -100 }],
      ['u16', { type: 'u16' as const, value: 60_000 }],
      ['i16', { type: 'i16' as const, value: -30_000 }],
      ['i32', { type: 'i32' as const, value: -1 }],
      ['f32', { type: 'f32' as const, value: 0.5 }],
      ['f64', { type: 'f64' as const, value: 0.1 }],
      ['bool', { type: 'bool' as const, value: true }],
      ['string', { type: 'string' as const, value: 'ünï' }],
      ['u64', { type: 'u64' as const, value: 2n ** 64n - 1n }],
      ['i64', { type: 'i64' as const, value: -5 }],
    ])
    const output = reopen(layout(source({}), { overrides }))
    for (const [key, { type, value }] of overrides) {
      const expected = key === 'i64' ? -5n : value
      expect(output.metadata.get(key)).toMatchObject({ type, value: expected })
    }
  })

  test('that changed on disk since it was read is refused', () => {
    const model = source({ metadata })
    appendFileSync(model.path, 'x')
    expect(errorOf(() => layout(model))?.code).toBe('FILE_CHANGED')
  })
})

describe('alignment', () => {
  const tensors: BuiltTensor[] = [
    { name: 'a', shape: [1] },
    { name: 'b', shape: [1] },
  ]
  const aligned = () => source({ alignment: 64, metadata: [['general.alignment', 'u32', 64]], tensors })

  test('is rewritten to the one that is used', () => {
    const output = reopen(layout(aligned()))
    expect(output.metadata.get('general.alignment')?.value).toBe(32)
    expect(output.warnings).toEqual([])
  })

  test('is added where it is not the default', () => {
    const output = reopen(layout(source({ tensors }), { alignment: 128 }))
    expect(output.metadata.get('general.alignment')).toMatchObject({ type: 'u32', value: 128 })
    expect(output.tensors.map((tensor) => tensor.offsetBytes % 128)).toEqual([0, 0])
  })

  test('is not left to the caller, who cannot know it better', () => {
    const overrides = new Map([['general.alignment', { type: 'u32' as const, value: 8 }]])
    expect(keys(reopen(layout(source({ tensors }), { overrides })))).toEqual([])
  })
})

describe('tensors', () => {
  test('are padded, the last one too', () => {
    const tensors = [
      { name: 'a', shape: [3], typeId: 0, bytes: 12 },
      { name: 'b', shape: [2], typeId: 1, bytes: 4 },
    ]
    const { header, tensorOffsets, fileBytes } = layout(source({}), { tensors })
    expect(tensorOffsets).toEqual([header.length, header.length + 32])
    expect(fileBytes).toBe(header.length + 64)
  })

  test('without any give a header alone', () => {
    const { header, fileBytes } = layout(source({ metadata: [['a', 'u8', 1]] }))
    expect(fileBytes).toBe(header.length)
  })

  test('with a name that llama.cpp cannot load are refused', () => {
    const tensors = [{ name: 'n'.repeat(64), shape: [1], typeId: 0, bytes: 4 }]
    expect(errorOf(() => layout(source({}), { tensors }))?.code).toBe('UNSUPPORTED_TENSOR')
  })

  test('of five dimensions are refused', () => {
    const tensors = [{ name: 'a', shape: [1, 1, 1, 1, 1], typeId: 0, bytes: 4 }]
    expect(errorOf(() => layout(source({}), { tensors }))?.code).toBe('UNSUPPORTED_TENSOR')
  })

  test('whose bytes do not fit their type are a fault of ours', () => {
    const tensors = [{ name: 'a', shape: [256], typeId: 12, bytes: 100 }]
    expect(errorOf(() => layout(source({}), { tensors }))).toMatchObject({ fault: 'bug' })
  })
})

test('a safetensors source is refused, since it has no metadata of GGUF', () => {
  const model = openModel(SAMPLE_FOLDER)
  expect(errorOf(() => layout(model, { tensors: [] }))?.code).toBe('UNSUPPORTED_SOURCE')
})

test('a vocabulary of thirty megabytes is copied whole', () => {
  const token = 't'.repeat(1000)
  const elements = Array.from({ length: 30_000 }, (_, index) => `${token}${index}`)
  const model = source({ metadata: [['tokens', 'array', { elementType: 'string', elements }]] })
  const output = reopen(layout(model))
  expect(readMetadataArray(output, output.metadata.get('tokens')!, 29_999, 1)).toEqual([`${token}29999`])
})
