import { describe, expect, it } from 'vitest'
import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import { typescriptKernels } from '../../../main/engine/kernels/kernels.ts'
import { encodedBytes } from '../../../main/engine/quantizers/format.ts'
import { FORMATS, storedType } from '../../../main/engine/quantizers/registry.ts'
import { RowReader } from '../../../main/engine/tensor/row-reader.ts'
import type { TensorSource } from '../../../main/workers/protocol.ts'
import { randomRow } from '../../support/random-rows.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { tensorFile } from '../../support/tensor-file.ts'
import { errorOf } from '../../support/thrown.ts'

const folder = new TemporaryFolder()

function readRows(source: TensorSource, first: number, count: number): Float32Array {
  return FileBytes.with(source.file.path, (file) =>
    new RowReader(file, source, typescriptKernels).read(first, count).slice(),
  )
}

/** The same blocks as a big-endian machine stores them. */
function bigEndian(
  bytes: Uint8Array,
  blockBytes: number,
  words: (typeof FORMATS)[number]['words'],
): Uint8Array {
  const swapped = bytes.slice()
  for (let block = 0; block < bytes.length; block += blockBytes) {
    for (const offset of words.offsets) {
      for (let i = 0; i < words.width; i += 1) {
        swapped[block + offset + i] = bytes[block + offset + words.width - 1 - i]!
      }
    }
  }
  return swapped
}

describe.each(FORMATS)('rows of $name', (format) => {
  const weights = randomRow('gauss', 4 * 256, 3)
  const bytes = new Uint8Array(encodedBytes(format, weights.length))
  for (let row = 0; row < 4; row += 1) {
    const place = encodedBytes(format, 256)
    const out = bytes.subarray(row * place, (row + 1) * place)
    const importance = format.needsImportance ? new Float32Array(256).fill(1) : null
    format.methods.reference!(weights.subarray(row * 256, (row + 1) * 256), importance, out)
  }
  const decoded = new Float32Array(weights.length)
  format.dequantize(bytes, decoded)

  it('are found and decoded', () => {
    const source = tensorFile(folder, { type: format.name, shape: [256, 4], bytes })
    expect(readRows(source, 1, 2)).toEqual(decoded.slice(256, 768))
  })

  it('are the same from a big-endian file', () => {
    const swapped = bigEndian(bytes, format.blockBytes, format.words)
    expect(Buffer.compare(swapped, bytes) === 0).toBe(format.words.offsets.length === 0)
    const source = tensorFile(folder, {
      type: format.name,
      shape: [256, 4],
      bytes: swapped,
      littleEndian: false,
    })
    expect(readRows(source, 0, 4)).toEqual(decoded)
  })
})

describe('a row reader', () => {
  it('decodes F64 of either byte order', () => {
    const bytes = new Uint8Array(new Float64Array([1.25, -3]).buffer)
    const type = storedType('F64')!
    const swapped = bigEndian(bytes, 8, type.words)
    const little = tensorFile(folder, { type: 'F64', shape: [2], bytes })
    const big = tensorFile(folder, { type: 'F64', shape: [2], bytes: swapped, littleEndian: false })
    expect([...readRows(little, 0, 1)]).toEqual([1.25, -3])
    expect([...readRows(big, 0, 1)]).toEqual([1.25, -3])
  })

  it('refuses types that are only listed', () => {
    const source = tensorFile(folder, { type: 'type 147 (unknown)', shape: [4], bytes: new Uint8Array(4) })
    expect(errorOf(() => readRows(source, 0, 1))).toMatchObject({
      code: 'TYPE_NOT_DECODABLE',
      place: 'blk.0.test.weight',
    })
  })

  it('refuses rows that are no whole blocks', () => {
    const source = tensorFile(folder, { type: 'Q4_0', shape: [40], bytes: new Uint8Array(36) })
    expect(errorOf(() => readRows(source, 0, 1))).toMatchObject({ code: 'TYPE_NOT_DECODABLE' })
  })
})
