import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BF16 } from '../../../main/engine/quantizers/float.ts'
import { bitsToBrain, floatToHalf, halfToFloat } from '../../../main/engine/tensor/half.ts'

/** The f16 value of a pattern by its definition. */
function halfByDefinition(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 31
  const fraction = half & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

const bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!
const floatToBrain = (value: number): number => bitsToBrain(bits(value))
const float = (pattern: number): number => new Float32Array(Uint32Array.of(pattern).buffer)[0]!

function brainToFloat(brain: number): number {
  const out = new Float32Array(1)
  BF16.dequantize(Uint8Array.of(brain, brain >>> 8), out)
  return out[0]!
}

describe('f16', () => {
  it('decodes all 65536 patterns by definition', () => {
    const wrong = Array.from({ length: 65536 }, (_, half) => half).filter(
      (half) => !Object.is(halfToFloat(half), halfByDefinition(half)),
    )
    expect(wrong).toEqual([])
  })

  it('encodes every decoded value back to its pattern', () => {
    const wrong = Array.from({ length: 65536 }, (_, half) => half).filter(
      (half) => !Number.isNaN(halfToFloat(half)) && floatToHalf(halfToFloat(half)) !== half,
    )
    expect(wrong).toEqual([])
  })

  it('rounds halfway values to the even pattern, over the whole range', () => {
    const wrong = Array.from({ length: 0x7bff }, (_, half) => half).filter((half) => {
      const middle = (halfByDefinition(half) + halfByDefinition(half + 1)) / 2
      return floatToHalf(middle) !== (half % 2 === 0 ? half : half + 1)
    })
    expect(wrong).toEqual([])
  })

  it('picks the nearest pattern for any f32', () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const half = floatToHalf(value)
        const error = Math.abs(halfByDefinition(half) - value)
        for (const neighbour of [half - 1, half + 1].filter((other) => (other & 0x7fff) <= 0x7bff)) {
          expect(error).toBeLessThanOrEqual(Math.abs(halfByDefinition(neighbour & 0xffff) - value))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('overflows to infinity from 65520 on and keeps NaN and signs', () => {
    expect(halfToFloat(floatToHalf(65519.99))).toBe(65504)
    expect(halfToFloat(floatToHalf(65520))).toBe(Infinity)
    expect(halfToFloat(floatToHalf(-1e30))).toBe(-Infinity)
    expect(floatToHalf(-0)).toBe(0x8000)
    expect(floatToHalf(NaN)).toBe(0x7e00)
    expect(floatToHalf(float(0xff800001))).toSatisfy((half: number) => (half & 0x7fff) === 0x7e00)
  })
})

describe('bf16', () => {
  it('keeps the upper half of an f32 exactly', () => {
    const wrong = Array.from({ length: 65536 }, (_, brain) => brain).filter((brain) => {
      const value = float(brain * 65536)
      return !Number.isNaN(value) && (!Object.is(brainToFloat(brain), value) || floatToBrain(value) !== brain)
    })
    expect(wrong).toEqual([])
  })

  it('rounds to nearest, ties to even', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const pattern = bits(value)
        const rest = pattern & 0xffff
        const upper = pattern >>> 16
        const up = rest > 0x8000 || (rest === 0x8000 && upper % 2 === 1)
        expect(floatToBrain(value)).toBe(upper + (up ? 1 : 0))
      }),
    )
    expect(floatToBrain(float(0x3f808000))).toBe(0x3f80)
    expect(floatToBrain(float(0x3f818000))).toBe(0x3f82)
  })

  it('keeps NaN a NaN even when its payload is in the lower half', () => {
    expect(brainToFloat(bitsToBrain(0x7f800001))).toBeNaN()
    expect(brainToFloat(bitsToBrain(0xffbfffff))).toBeNaN()
    expect(floatToBrain(Infinity)).toBe(0x7f80)
  })
})
