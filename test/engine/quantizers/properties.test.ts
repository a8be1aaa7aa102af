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

/** Formats that need importance get one that prefers no column. */
function noImportance(format: Format, length: number): Float32Array | null {
  return format.needsImportance ? new Float32Array(length).fill(1) : null
}

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
  IQ4_NL: 1 / 5,
  NVFP4: 1 / 4,
  IQ4_XS: 1 / 4,
  MXFP4: 1 / 4,
  Q3_K: 1 / 3,
  IQ3_S: 1 / 1.5,
  IQ3_XXS: 1 / 1.5,
  Q2_K: 1 / 1.2,
  IQ2_S: 1,
  IQ2_XS: 1.3,
  Q2_0: 0.501,
  TQ2_0: 0.501,
  IQ2_XXS: 1.3,
  TQ1_0: 0.501,
  /** Zeros weigh nothing: they may get level 9/8 of a scale that gives their neighbour level 1/8. */
  IQ1_M: 30,
  IQ1_S: 1.3,
  Q1_0: 1,
}

describe.each(FORMATS)('$name', (format) => {
  it('keeps every weight within its bound', () => {
    const bound = BOUNDS[format.name]!
    fc.assert(
      fc.property(row, (weights) => {
        const decoded = decode(format, encode(format, weights, noImportance(format, LENGTH)))
        const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
        const worst = weights.reduce((most, weight, i) => Math.max(most, Math.abs(weight - decoded[i]!)), 0)
        expect(worst).toBeLessThanOrEqual(largest * bound + 1e-6)
      }),
      { numRuns: 60 },
    )
  })

  it('decodes to finite values and fills every byte, whatever the importance', () => {
    fc.assert(
      fc.property(row, fc.option(importance), (weights, given) => {
        const vector = given ?? noImportance(format, LENGTH)
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
        const none = noImportance(format, LENGTH)
        const apart = [...encode(format, first, none), ...encode(format, second, none)]
        expect([...encode(format, both, noImportance(format, both.length))]).toEqual(apart)
      }),
      { numRuns: 20 },
    )
  })

  it('stores zeros as zeros', () => {
    const bytes = encode(format, new Float32Array(LENGTH), noImportance(format, LENGTH))
    expect(decode(format, bytes).every((value) => value === 0)).toBe(true)
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
