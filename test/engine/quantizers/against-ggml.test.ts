import { describe, expect, it } from 'vitest'
import { encodedBytes, type Format } from '../../../main/engine/quantizers/format.ts'
import { FORMATS } from '../../../main/engine/quantizers/registry.ts'
import { loadGgml } from '../../support/ggml.ts'
import {
  IMPORTANCE_NAMES,
  randomImportance,
  randomRow,
  ROW_KINDS,
  type RowKind,
} from '../../support/random-rows.ts'

const ggml = loadGgml()
const where = ggml ? '' : ' (skipped: node-llama-cpp brings no ggml for this platform)'
const SEEDS = [1, 2, 3]
const LENGTHS = [256, 1024]
/** ggml has no quantizer for F32: its bytes are copied. */
const formats = FORMATS.filter((format) => format.name !== 'F32')

/** Names the seed and length of every row whose bytes or decoded values differ. */
function differences(format: Format, kind: RowKind, importanceKind: string | null): string[] {
  return SEEDS.flatMap((seed) =>
    LENGTHS.flatMap((length) => {
      const weights = randomRow(kind, length, seed)
      const importance = importanceKind === null ? null : randomImportance(importanceKind, length, seed)
      const size = encodedBytes(format, length)
      const expected = ggml!.quantize(format.id, weights, length, importance, size)
      const actual = new Uint8Array(size)
      format.methods.reference!(weights, importance, actual)
      const decoded = new Float32Array(length)
      format.dequantize(expected, decoded)
      const expectedValues = ggml!.dequantize(format.name, expected, length)
      const sameBytes = Buffer.compare(actual, expected) === 0
      const sameValues = decoded.every((value, i) => Object.is(value, expectedValues[i]))
      return sameBytes && sameValues ? [] : [`seed ${seed}, length ${length}`]
    }),
  )
}

describe.skipIf(!ggml)(`against ggml itself${where}`, () => {
  describe.each(formats)('$name', (format) => {
    it.each(Object.keys(ROW_KINDS) as RowKind[])(
      '%s: same bytes and values with every importance',
      (kind) => {
        for (const importance of [null, ...IMPORTANCE_NAMES]) {
          expect(differences(format, kind, importance), `importance ${importance ?? 'none'}`).toEqual([])
        }
      },
    )
  })

  it('notices a single wrong byte', () => {
    const weights = randomRow('gauss', 256, 1)
    const bytes = ggml!.quantize(12, weights, 256, null, 144)
    const values = ggml!.dequantize('Q4_K', bytes, 256)
    bytes[20] = bytes[20]! ^ 1
    expect(ggml!.dequantize('Q4_K', bytes, 256)).not.toEqual(values)
  })
})
