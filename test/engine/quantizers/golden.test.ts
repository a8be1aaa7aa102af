import { describe, expect, it } from 'vitest'
import { encodedBytes } from '../../../main/engine/quantizers/format.ts'
import { FORMATS, formatById } from '../../../main/engine/quantizers/registry.ts'
import { GOLDEN_ROW_LENGTH, goldenCases, hasGolden } from '../../support/golden.ts'

const cases = goldenCases(new Set(FORMATS.map((format) => format.id)))
const where = hasGolden ? '' : ' (skipped: no folder ../shared/golden beside the checkout)'

describe.skipIf(!hasGolden)(`golden bytes of llama.cpp v0.5.0${where}`, () => {
  it('cover every format but F32 with importance, and without where it is not needed', () => {
    const covered = new Set(cases.map((entry) => `${entry.type.toUpperCase()} ${entry.withImportance}`))
    const quantized = FORMATS.filter(({ name }) => name !== 'F32')
    const wanted = quantized.flatMap(({ name, needsImportance }) =>
      needsImportance ? [`${name} true`] : [`${name} true`, `${name} false`],
    )
    expect([...covered].sort()).toEqual(wanted.sort())
  })

  it.each(cases)('$type on $input, importance $withImportance: the same bytes', (entry) => {
    const format = formatById(entry.id)!
    expect(encodedBytes(format, GOLDEN_ROW_LENGTH)).toBe(entry.rowBytes)
    const out = new Uint8Array(entry.quantized.length)
    for (let row = 0; row < 8; row += 1) {
      const weights = entry.weights.subarray(row * GOLDEN_ROW_LENGTH, (row + 1) * GOLDEN_ROW_LENGTH)
      const bytes = out.subarray(row * entry.rowBytes, (row + 1) * entry.rowBytes)
      format.methods.reference!(weights, entry.importance, bytes)
    }
    expect(Buffer.compare(out, entry.quantized)).toBe(0)
  })

  it.each(cases)('$type on $input, importance $withImportance: the same decoded values', (entry) => {
    const out = new Float32Array(entry.dequantized.length)
    formatById(entry.id)!.dequantize(entry.quantized, out)
    expect(Buffer.compare(Buffer.from(out.buffer), Buffer.from(entry.dequantized.buffer))).toBe(0)
  })
})
