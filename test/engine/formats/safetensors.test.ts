import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { openModel } from '../../../main/engine/formats/open-model.ts'
import { buildSafetensors, floats, wrapSafetensors } from '../../support/safetensors-builder.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'
import type { Model } from '../../../main/engine/formats/model.ts'

const folder = new TemporaryFolder()
let files = 0

function open(bytes: Uint8Array): Model {
  return openModel(folder.write(`tensors-${files++}.safetensors`, bytes))
}

/** One F32 tensor of two numbers. */
function pair(name: string): Uint8Array {
  return buildSafetensors([{ name, dtype: 'F32', shape: [2], data: floats([1, 2]) }])
}

/** Every dtype with the bytes of eight values. */
const DTYPES: readonly (readonly [dtype: string, bytes: number])[] = [
  ['BOOL', 8],
  ['F4', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['U8', 8],
  ['I8', 8],
  ['F8_E5M2', 8],
  ['F8_E4M3', 8],
  ['F8_E8M0', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2FNUZ', 8],
  ['I16', 16],
  ['U16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['I32', 32],
  ['U32', 32],
  ['F32', 32],
  ['C64', 64],
  ['F64', 64],
  ['I64', 64],
  ['U64', 64],
]

describe('a safetensors file', () => {
  test.each(DTYPES)('with %s is listed', (dtype, bytes) => {
    const model = open(buildSafetensors([{ name: 'a', dtype, shape: [2, 4], data: new Uint8Array(bytes) }]))
    expect(model.tensors).toMatchObject([{ name: 'a', type: dtype, shape: [4, 2], bytes }])
    expect(model.warnings).toEqual([])
  })

  test('with a dtype that is not known is listed with a warning', () => {
    const model = open(buildSafetensors([{ name: 'a', dtype: 'F3', shape: [8], data: new Uint8Array(3) }]))
    expect(model.tensors).toMatchObject([{ type: 'F3 (unknown)', bytes: 3, quantizable: false }])
    expect(model.warnings).toMatchObject([{ code: 'UNKNOWN_TYPE', tensor: 'a' }])
  })

  test('knows the spellings of ggml alone as unknown', () => {
    const model = open(
      buildSafetensors([{ name: 'a', dtype: 'Q8_0', shape: [32], data: new Uint8Array(34) }]),
    )
    expect(model.tensors[0]?.type).toBe('Q8_0 (unknown)')
  })

  test('has tensors of rank 0 and without weights', () => {
    const model = open(
      buildSafetensors([
        { name: 'scalar', dtype: 'F32', shape: [], data: floats([1]) },
        { name: 'empty', dtype: 'F32', shape: [0, 3], data: floats([]) },
      ]),
    )
    expect(model.tensors.map(({ shape, bytes }) => [shape, bytes])).toEqual([
      [[], 4],
      [[3, 0], 0],
    ])
    expect(model.parameters).toBe(1)
  })

  test('may list its tensors in another order than it stores them', () => {
    const header =
      '{"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}  '
    const model = open(wrapSafetensors(header, 5))
    expect(model.tensors.map(({ name, offsetBytes }) => [name, offsetBytes - 8 - header.length])).toEqual([
      ['a', 0],
      ['b', 3],
    ])
  })

  test('gives the texts of its metadata', () => {
    const data = [{ name: 'a', dtype: 'U8', shape: [1], data: new Uint8Array(1) }]
    const model = open(buildSafetensors(data, { format: 'pt', note: 'ü "x"' }))
    expect([...model.metadata.values()].map(({ key, type, value }) => [key, type, value])).toEqual([
      ['format', 'string', 'pt'],
      ['note', 'string', 'ü "x"'],
    ])
  })

  test('without tensors opens', () => {
    expect(open(wrapSafetensors('{}', 0)).tensors).toEqual([])
  })

  test('cut anywhere says what is wrong', () => {
    const bytes = pair('tensor')
    const codes = Array.from(bytes, (_, length) => {
      const path = folder.write('cut.safetensors', bytes.subarray(0, length))
      return errorOf(() => openModel(path))?.code
    })
    expect(new Set(codes)).toEqual(new Set(['TRUNCATED', 'TENSOR_OUTSIDE']))
  })
})

interface IndexedOptions {
  readonly map: Readonly<Record<string, string>>
  readonly shards: Readonly<Record<string, Uint8Array>>
}

/** A folder with an index and its shards. */
function indexed({ map, shards }: IndexedOptions): string {
  const path = join(folder.path, `indexed-${files++}`)
  mkdirSync(path)
  const inner = path.slice(folder.path.length + 1)
  for (const [name, bytes] of Object.entries(shards)) folder.write(`${inner}/${name}`, bytes)
  const index = JSON.stringify({ metadata: { total_size: 16 }, weight_map: map })
  folder.write(`${inner}/model.safetensors.index.json`, index)
  folder.write(
    `${inner}/config.json`,
    '{"model_type":"qwen3","rope_scaling":{"factor":8.5},"eos":[1,2],"x":null}',
  )
  return path
}

const FIRST = 'model-00001-of-00002.safetensors'
const SECOND = 'model-00002-of-00002.safetensors'
const WHOLE: IndexedOptions = {
  map: { a: FIRST, b: SECOND },
  shards: { [FIRST]: pair('a'), [SECOND]: pair('b') },
}

describe('an indexed model', () => {
  test.each(['', 'model.safetensors.index.json', FIRST, SECOND])('opens whole by "%s"', (name) => {
    const path = join(indexed(WHOLE), name)
    const model = openModel(path)
    expect(model.tensors.map((tensor) => [tensor.name, tensor.file])).toEqual([
      ['a', 0],
      ['b', 1],
    ])
    expect(model).toMatchObject({ container: 'safetensors', architecture: 'qwen3' })
  })

  test('has the scalars of its configuration', () => {
    const model = openModel(indexed(WHOLE))
    const entries = [...model.metadata.values()].map(({ key, type, value }) => [key, type, value])
    expect(entries).toEqual([
      ['config.model_type', 'string', 'qwen3'],
      ['config.rope_scaling.factor', 'f64', 8.5],
      ['config.eos.0', 'u32', 1],
      ['config.eos.1', 'u32', 2],
    ])
    expect(model.files.at(-1)?.path).toMatch(/config\.json$/)
  })

  test('without one of its files names it', () => {
    const path = indexed(WHOLE)
    rmSync(join(path, SECOND))
    expect(errorOf(() => openModel(path))).toMatchObject({ code: 'SHARD_MISSING', place: join(path, SECOND) })
  })

  test.each([
    ['a tensor of a file', { ...WHOLE, map: { a: FIRST, c: SECOND } }, `b of ${SECOND} is not in the index`],
    [
      'another file',
      { ...WHOLE, map: { b: FIRST, a: SECOND } },
      `a is in ${FIRST}, but the index says ${SECOND}`,
    ],
    [
      'a file that lacks it',
      { ...WHOLE, map: { ...WHOLE.map, c: FIRST } },
      `c is in the index, but not in ${FIRST}`,
    ],
  ])('whose index disagrees about %s is refused', (_, options, message) => {
    expect(errorOf(() => openModel(indexed(options)))).toMatchObject({ code: 'INDEX_MISMATCH', message })
  })

  test.each(['../secret.safetensors', '/etc/passwd', 'a\\b.safetensors', 'C:x.safetensors', 'a.bin', ''])(
    'that names the file "%s" is refused',
    (name) => {
      const path = indexed({ map: { a: name }, shards: {} })
      expect(errorOf(() => openModel(path))?.code).toBe('BAD_INDEX')
    },
  )

  test('whose index names nothing is refused', () => {
    expect(errorOf(() => openModel(indexed({ map: {}, shards: {} })))?.code).toBe('BAD_INDEX')
  })

  test('that was packed by GPTQ carries a warning', () => {
    const path = indexed(WHOLE)
    const inner = path.slice(folder.path.length + 1)
    folder.write(`${inner}/config.json`, '{"quantization_config":{"quant_method":"gptq"}}')
    expect(openModel(path).warnings).toMatchObject([{ code: 'PACKED_SOURCE' }])
  })

  test('with a configuration of many values shows the first ten thousand', () => {
    const path = indexed(WHOLE)
    const inner = path.slice(folder.path.length + 1)
    folder.write(
      `${inner}/config.json`,
      JSON.stringify({ ignore: Array.from({ length: 10_007 }, () => 'x') }),
    )
    const model = openModel(path)
    expect(model.metadata.size).toBe(10_000)
    expect(model.warnings).toMatchObject([
      { code: 'LONG_CONFIG', message: 'config.json is too long to be shown whole: 7 values are left out' },
    ])
  })

  test('with a damaged configuration says where', () => {
    const path = indexed(WHOLE)
    const inner = path.slice(folder.path.length + 1)
    folder.write(`${inner}/config.json`, '{"a": 1,}')
    expect(errorOf(() => openModel(path))).toMatchObject({ code: 'BAD_JSON', offset: 8 })
  })
})
