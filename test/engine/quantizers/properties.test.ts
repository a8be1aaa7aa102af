import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodedBytes, type Format } from '../../../main/engine/quantizers/format.ts'
import { FORMATS } from '../../../main/engine/quantizers/registry.ts'

const LENGTH = 256

const row = fc
  .array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: LENGTH, maxLength: LENGTH })
  .map((values) => Float32Array.from(values))

const importance = fc
  .array(fc.float({ min: 0, max: 1000, noNaN: true }), { minLength: LENGTH, maxLength: LENGTH })
  .map((values) => Float32Array.from(values))

function encode(format: Format, weights: Float32Array, vector: Float32Array | null): Uint8Array {
  const out = new Uint8Array(encodedBytes(format, weights.length))
  format.methods.reference!(weights, vector, out)
  return out
}

function decode(format: Format, bytes: Uint8Array): Float32Array {
  const out = new Float32Array((bytes.length / format.blockBytes) * format.blockSize)
  format.dequantize(bytes, out)
  return out
}

/**
 * Largest error of a block relative to its largest magnitude: half a step of the codes, and the rounding of the
 * scales. K formats round their sub-block scales to a few bits of the super-block's: one more half step of those.
 */
const BOUNDS: Record<string, number> = {
  F32: 0,
  F16: 2 ** -11,
  BF16: 2 ** -8,
  Q8_0: 1 / 200,
  Q6_K: 1 / 15,
  Q5_1: 1 / 25,
  Q5_K: 1 / 10,
  Q5_0: 1 / 14,
  Q4_1: 1 / 13,
  Q4_K: 1 / 5,
  Q4_0: 1 / 7,
  Q3_K: 1 / 3,
  Q2_K: 1 / 1.2,
}

describe.each(FORMATS)('$name', (format) => {
  it('keeps every weight within its bound', () => {
    const bound = BOUNDS[format.name]!
    fc.assert(
      fc.property(row, (weights) => {
        const decoded = decode(format, encode(format, weights, null))
        const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
        const worst = weights.reduce((most, weight, i) => Math.max(most, Math.abs(weight - decoded[i]!)), 0)
        expect(worst).toBeLessThanOrEqual(largest * bound + 1e-6)
      }),
      { numRuns: 60 },
    )
  })

  it('decodes to finite values and fills every byte, whatever the importance', () => {
    fc.assert(
      fc.property(row, fc.option(importance), (weights, vector) => {
        const size = encodedBytes(format, LENGTH)
        const [zeros, ones] = [new Uint8Array(size), new Uint8Array(size).fill(255)]
        format.methods.reference!(weights, vector, zeros)
        format.methods.reference!(weights, vector, ones)
        expect(zeros).toEqual(ones)
        expect(decode(format, zeros).every(Number.isFinite)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('writes blocks that do not depend on their neighbours without importance', () => {
    fc.assert(
      fc.property(row, row, (first, second) => {
        const both = Float32Array.from([...first, ...second])
        const apart = [...encode(format, first, null), ...encode(format, second, null)]
        expect([...encode(format, both, null)]).toEqual(apart)
      }),
      { numRuns: 20 },
    )
  })

  it('stores zeros as zeros', () => {
    expect(decode(format, encode(format, new Float32Array(LENGTH), null)).every((value) => value === 0)).toBe(
      true,
    )
  })
})

describe.each(FORMATS.filter(({ family }) => family === 'float'))('$name', (format) => {
  it('leaves values that it holds already as they are', () => {
    fc.assert(
      fc.property(row, (weights) => {
        const once = decode(format, encode(format, weights, null))
        expect(decode(format, encode(format, once, null))).toEqual(once)
      }),
    )
  })
})
