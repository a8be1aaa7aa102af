import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'

import { openModel } from '../../../main/engine/formats/open-model.ts'
import { readMetadataArray } from '../../../main/engine/formats/metadata.ts'
import type { Model, Scalar } from '../../../main/engine/formats/model.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import { SAMPLE_GGUF } from '../../support/sample-model.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'
import type { OpenOutcome } from '../../support/open-hostile.ts'
import type { BuiltEntry, GgufOptions } from '../../support/gguf-builder.ts'

const OPENER = new URL('../../support/open-hostile.ts', import.meta.url).pathname

const folder = new TemporaryFolder()
let files = 0

function open(options: GgufOptions): Model {
  return openModel(folder.write(`model-${files++}.gguf`, buildGguf(options)))
}

const SCALARS: readonly (readonly [type: BuiltEntry[1], value: Scalar])[] = [
  ['u8', 255],
  ['i8', -128],
  ['u16', 65_535],
  ['i16', -32_768],
  ['u32', 4_294_967_295],
  ['i32', -2_147_483_648],
  ['f32', 1.5],
  ['bool', true],
  ['string', 'Kürbis 🎃'],
  ['u64', 2n ** 64n - 1n],
  ['i64', -(2n ** 63n)],
  ['f64', Math.PI],
]

describe.each([
  { version: 2, littleEndian: true },
  { version: 3, littleEndian: true },
  { version: 3, littleEndian: false },
  { version: 2, littleEndian: false },
])('version $version, little endian $littleEndian', (form) => {
  test.each(SCALARS)('a value of type %s is read', (type, value) => {
    const model = open({ ...form, metadata: [['key', type, value]] })
    expect(model.metadata.get('key')).toMatchObject({ key: 'key', type, value, file: 0, offsetBytes: 24 })
    expect(model.littleEndian).toBe(form.littleEndian)
  })

  test.each(SCALARS)('an array of %s stays in the file and is read on demand', (type, value) => {
    const elements = [value, value, value]
    const model = open({
      ...form,
      metadata: [
        ['array', 'array', { elementType: type, elements }],
        ['after', 'u8', 7],
      ],
    })
    const entry = model.metadata.get('array')!
    expect(entry).toMatchObject({ type: 'array', array: { elementType: type, length: 3 } })
    expect(entry.value).toBeUndefined()
    expect(readMetadataArray(model, entry, 0, 10)).toEqual(elements)
    expect(model.metadata.get('after')?.value).toBe(7)
  })

  test('a tensor has its shape, type and place', () => {
    const data = new Uint8Array(144).fill(5)
    const model = open({
      ...form,
      tensors: [
        { name: 'blk.3.ffn_up.weight', shape: [256, 1], typeId: 12, data },
        { name: 'output.weight', shape: [4, 2, 3], typeId: 1 },
      ],
    })
    const [first, second] = model.tensors
    expect(first).toMatchObject({ type: 'Q4_K', shape: [256, 1], bytes: 144, layer: 3, role: 'ffn_up' })
    expect(second).toMatchObject({ type: 'F16', shape: [4, 2, 3], bytes: 48, layer: null, role: 'output' })
    expect(second!.offsetBytes - first!.offsetBytes).toBe(160)
    expect(model).toMatchObject({ parameters: 256 + 24 })
    expect(model.bpw).toBeCloseTo(((144 + 48) * 8) / 280, 10)
  })
})

describe('a GGUF file', () => {
  test('spans of the entries cover the metadata without a hole', () => {
    const model = openModel(SAMPLE_GGUF)
    let end = 24
    for (const entry of model.metadata.values()) {
      expect(entry.offsetBytes).toBe(end)
      end += entry.bytes
    }
  })

  test('arrays in arrays are passed over and told apart', () => {
    const inner = (...elements: number[]) => ({ elementType: 'u16' as const, elements })
    const nested = { elementType: 'array' as const, elements: [inner(1, 2), inner(), inner(3)] }
    const model = open({ metadata: [['nested', 'array', nested]] })
    expect(readMetadataArray(model, model.metadata.get('nested')!, 1, 5)).toEqual([
      'array of 0 u16',
      'array of 1 u16',
    ])
  })

  test('another alignment moves the data section', () => {
    const model = open({
      alignment: 256,
      metadata: [['general.alignment', 'u32', 256]],
      tensors: [
        { name: 'a', shape: [1] },
        { name: 'b', shape: [1] },
      ],
    })
    expect(model.tensors.map((tensor) => tensor.offsetBytes)).toEqual([256, 512])
  })

  test('names come from its metadata', () => {
    const model = open({
      metadata: [
        ['general.architecture', 'string', 'llama'],
        ['general.name', 'string', 'Melon'],
      ],
    })
    expect(model).toMatchObject({ container: 'gguf', architecture: 'llama', name: 'Melon' })
  })

  test('an unknown type is listed and reaches to the next tensor', () => {
    const model = open({
      tensors: [
        { name: 'a', shape: [32], typeId: 139, bytes: 96 },
        { name: 'b', shape: [16] },
      ],
    })
    expect(model.tensors[0]).toMatchObject({ type: 'type 139 (unknown)', bytes: 96, quantizable: false })
    expect(model.warnings).toMatchObject([{ code: 'UNKNOWN_TYPE', tensor: 'a' }])
  })

  test('an unknown type at the end reaches to the end of the file', () => {
    const model = open({ tensors: [{ name: 'a', shape: [32], typeId: 31, bytes: 64 }] })
    expect(model.tensors[0]).toMatchObject({ type: 'type 31 (unknown)', bytes: 64 })
  })

  test('a gap is a warning', () => {
    const tensors = [
      { name: 'a', shape: [8] },
      { name: 'b', shape: [8], offset: 64 },
    ]
    expect(open({ tensors }).warnings).toMatchObject([{ code: 'TENSOR_ORDER', tensor: 'b' }])
  })

  test('another order than the listing is a warning', () => {
    const tensors = [
      { name: 'a', shape: [8], offset: 32 },
      { name: 'b', shape: [8], offset: 0 },
    ]
    expect(open({ tensors }).warnings.map((finding) => finding.code)).toEqual(['TENSOR_ORDER'])
  })

  test('bytes behind the last tensor are a warning', () => {
    const bytes = buildGguf({ tensors: [{ name: 'a', shape: [8] }] })
    const model = openModel(folder.write('trailing.gguf', bytes, bytes.length + 100))
    expect(model.warnings).toMatchObject([
      { code: 'TRAILING_BYTES', message: '100 bytes behind the last tensor' },
    ])
  })

  test('a name that ggml has no room for is a warning', () => {
    const name = `${'n'.repeat(57)}.weight`
    expect(open({ tensors: [{ name: name.slice(1), shape: [8] }] }).warnings).toEqual([])
    expect(open({ tensors: [{ name, shape: [8] }] }).warnings).toMatchObject([
      { code: 'LONG_NAME', tensor: name },
    ])
  })

  test('a tensor without weights is a warning', () => {
    const model = open({ tensors: [{ name: 'a.weight', shape: [0, 4] }] })
    expect(model.tensors[0]).toMatchObject({ bytes: 0, quantizable: false })
    expect(model.warnings).toMatchObject([{ code: 'EMPTY_TENSOR', tensor: 'a.weight' }])
  })

  test('a quantized source and a wrong label are warnings', () => {
    const model = open({
      metadata: [['general.file_type', 'u32', 15]],
      tensors: [{ name: 'blk.0.ffn_up.weight', shape: [256, 4], typeId: 14 }],
    })
    expect(model.warnings).toMatchObject([
      { code: 'QUANTIZED_SOURCE' },
      {
        code: 'FILE_TYPE_MISMATCH',
        message: 'general.file_type says Q4_K_M, but most bytes are stored as Q6_K',
      },
    ])
  })

  test('a right label is no warning', () => {
    expect(openModel(SAMPLE_GGUF).warnings).toEqual([])
  })

  test('a long text is cut for showing, with a warning', () => {
    const text = 'x'.repeat(2 ** 20 + 5)
    const model = open({
      metadata: [
        ['long', 'string', text],
        ['after', 'u8', 1],
      ],
    })
    expect(model.metadata.get('long')?.value).toBe(text.slice(0, 2 ** 20))
    expect(model.metadata.get('long')?.bytes).toBe(8 + 4 + 4 + 8 + text.length)
    expect(model.metadata.get('after')?.value).toBe(1)
    expect(model.warnings).toMatchObject([{ code: 'LONG_STRING' }])
  })

  test('text that is not UTF-8 is shown with replacement characters', () => {
    const bytes = buildGguf({ metadata: [['key', 'string', 'ab']] })
    bytes[bytes.lastIndexOf(0x62)] = 0xff
    const model = openModel(folder.write('not-utf8.gguf', bytes))
    expect(model.metadata.get('key')?.value).toBe('a\ufffd')
  })
})

test('a small file cut anywhere opens or says what is wrong', () => {
  const bytes = buildGguf({
    metadata: [
      ['general.name', 'string', 'cut'],
      ['list', 'array', { elementType: 'string', elements: ['a', 'bc'] }],
      ['number', 'f32', 1],
    ],
    tensors: [
      { name: 'one', shape: [4, 2] },
      { name: 'two', shape: [32], typeId: 8 },
    ],
  })
  const codes = Array.from(bytes, (_, length) => {
    const path = folder.write('cut.gguf', bytes.subarray(0, length))
    return errorOf(() => openModel(path))?.code ?? 'opened'
  })
  // Only the zeros behind the last tensor can be missing.
  expect(codes.lastIndexOf('TENSOR_OUTSIDE')).toBe(bytes.length - 32 * 2 + 34 - 1)
  expect(new Set(codes)).toEqual(
    new Set(['NOT_A_MODEL', 'TRUNCATED', 'COUNT_TOO_LARGE', 'TENSOR_OUTSIDE', 'opened']),
  )
})

// Windows writes the zeros of a hole to the disk.
test.skipIf(process.platform === 'win32')(
  'a model of 100 GB with a large vocabulary opens in under 300 MB',
  () => {
    const elements = Array.from({ length: 150_000 }, (_, token) => `token ${token}`)
    const head = buildGguf({
      headerOnly: true,
      metadata: [['tokenizer.ggml.tokens', 'array', { elementType: 'string', elements }]],
      tensors: Array.from({ length: 25 }, (_, layer) => ({
        name: `blk.${layer}.ffn_up.weight`,
        shape: [256, 2 ** 22],
        bytes: 2 ** 32,
      })),
    })
    const path = folder.write('huge.gguf', head, head.length + 25 * 2 ** 32)
    const model = openModel(path)
    expect(model.tensors.at(-1)).toMatchObject({ bytes: 2 ** 32, offsetBytes: head.length + 24 * 2 ** 32 })
    expect(model.warnings).toEqual([])
    const input = JSON.stringify([{ path, kind: 'gguf' }])
    const [outcome] = JSON.parse(
      execFileSync(process.execPath, [OPENER], { input, encoding: 'utf8' }),
    ) as OpenOutcome[]
    expect(outcome?.error).toBeNull()
    expect(outcome?.peakBytes).toBeLessThan(300 * 2 ** 20)
  },
)
