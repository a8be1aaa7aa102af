import { describe, expect, it } from 'vitest'
import type { Format } from '../../../../main/engine/quantizers/format.ts'
import { MXFP4, NVFP4 } from '../../../../main/engine/quantizers/microscaling.ts'
import { searchHalfScale } from '../../../../main/engine/quantizers/optimal/one-scale.ts'
import { scaledLevels } from '../../../../main/engine/quantizers/optimal/scaled-levels.ts'
import { halfToFloat } from '../../../../main/engine/tensor/half.ts'
import { bestOfScales } from '../../../support/brute-force-scale.ts'
import {
  randomImportance,
  randomRow,
  ROW_KINDS,
  type RowKind,
  seededNormal,
} from '../../../support/random-rows.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

const LENGTH = 512
const KINDS = Object.keys(ROW_KINDS) as RowKind[]
const FORMATS = [
  { name: 'MXFP4', format: MXFP4, subBlocks: 1, scales: 256 },
  // E4M3 has NaN at 127, and no bytes beyond are unsigned.
  { name: 'NVFP4', format: NVFP4, subBlocks: 4, scales: 127 },
] as const

function decode(format: Format, bytes: Uint8Array): Float32Array {
  const decoded = new Float32Array((bytes.length / format.blockBytes) * format.blockSize)
  format.dequantize(bytes, decoded)
  return decoded
}

/** The finite values of every scale byte, as the format decodes them. */
function valuesByByte(format: Format, subBlocks: number): number[][] {
  return Array.from({ length: 256 }, (_, byte) => {
    const bytes = Uint8Array.from({ length: format.blockBytes }, (_, i) => {
      const code = 2 * ((i - subBlocks) % 8)
      return i < subBlocks ? byte : code | ((code + 1) << 4)
    })
    return [...new Set(decode(format, bytes))].filter(Number.isFinite)
  })
}

describe.each(FORMATS)('$name by optimal', ({ format, subBlocks, scales }) => {
  const { blockSize, blockBytes } = format
  const subBlock = blockSize / subBlocks
  const values = valuesByByte(format, subBlocks).slice(0, scales)

  it.each([null, 'lognormal', 'scattered zeros'])(
    'has the least error of all scale bytes in every sub-block, with importance %s',
    (importanceKind) => {
      for (const kind of KINDS) {
        const weights = randomRow(kind, LENGTH, 17)
        const importance = importanceKind === null ? null : randomImportance(importanceKind, LENGTH, 3)
        const counts = (i: number) => importance?.[i] ?? 1
        const bytes = encode(format, 'optimal', weights, importance)
        const decoded = decode(format, bytes)
        for (let from = 0; from < LENGTH; from += subBlock) {
          const part = weights.subarray(from, from + subBlock)
          const errorWeights = Float64Array.from(part, (_, i) => counts(from + i))
          const error = part.reduce((sum, weight, i) => {
            return sum + errorWeights[i]! * (weight - decoded[from + i]!) ** 2
          }, 0)
          const best = bestOfScales(part, errorWeights, values)
          expect(error, `${kind}, sub-block at ${from}`).toBe(best.error)
        }
      }
    },
  )

  it('takes the smallest of scale bytes with the same error', () => {
    // 1 is a level of four scales, and the second weight the same distance from a level of each.
    const weights = new Float32Array(blockSize)
    weights[0] = 1
    weights[1] = 2 ** -20
    const bytes = encode(format, 'optimal', weights, null)
    const part = weights.subarray(0, subBlock)
    expect(bytes[0]).toBe(bestOfScales(part, new Float64Array(subBlock).fill(1), values).place)
  })

  it('stays finite for weights next to the largest float', () => {
    const weights = randomRow('gauss', LENGTH, 3).map((weight) => Math.sign(weight) * 3.4e38)
    const decoded = decode(format, encode(format, 'optimal', weights, null))
    expect(decoded.every(Number.isFinite)).toBe(true)
  })

  it('writes every zero as the positive one', () => {
    const weights = randomRow('heavy', LENGTH, 5)
    const bytes = encode(format, 'optimal', weights, null)
    const codes = [...bytes]
      .filter((_, i) => i % blockBytes >= subBlocks)
      .flatMap((pair) => [pair & 15, pair >> 4])
    expect(codes).toContain(0)
    expect(codes).not.toContain(8)
  })

  it('turns signs with the weights', () => {
    const weights = randomRow('heavy', LENGTH, 7)
    const once = decode(format, encode(format, 'optimal', weights, null))
    const turned = weights.map((weight) => -weight)
    expect(decode(format, encode(format, 'optimal', turned, null)).map((value) => 0 - value)).toEqual(
      once.map((value) => value + 0),
    )
  })

  it('scales with the weights by powers of two', () => {
    const weights = randomRow('gauss', LENGTH, 9).map((weight) => 64 * weight)
    const larger = weights.map((weight) => 8 * weight)
    const once = decode(format, encode(format, 'optimal', weights, null))
    expect(decode(format, encode(format, 'optimal', larger, null))).toEqual(once.map((value) => 8 * value))
  })

  it('gives every weight the same value wherever it stands in its sub-block, with its importance', () => {
    const place = (i: number) => i - (i % subBlock) + ((5 * (i % subBlock) + 3) % subBlock)
    const weights = randomRow('gauss', LENGTH, 11)
    const importance = randomImportance('lognormal', LENGTH, 6)
    const once = decode(format, encode(format, 'optimal', weights, importance))
    const moved = encode(
      format,
      'optimal',
      weights.map((_, i) => weights[place(i)]!),
      importance.map((_, i) => importance[place(i)]!),
    )
    expect(decode(format, moved)).toEqual(once.map((_, i) => once[place(i)]!))
  })
})

describe('mean squared error on Gaussian weights of unit variance', () => {
  const normal = seededNormal(3)
  const weights = Float32Array.from({ length: 128_000 }, () => normal())
  const within2Percent = (error: number, expected: number) => {
    expect(Math.abs(error / expected - 1)).toBeLessThan(0.02)
  }
  const meanOf = (method: 'reference' | 'optimal') => {
    const errors = blockErrors(MXFP4, weights, () => 1, encode(MXFP4, method, weights, null))
    return errors.reduce((sum, error) => sum + error, 0) / weights.length
  }

  it('of MXFP4 is 0.013158 by the rule of the largest magnitude and 0.012371 by the best exponent', () => {
    within2Percent(meanOf('reference'), 0.013158)
    within2Percent(meanOf('optimal'), 0.012371)
  })

  it.each([
    [32, 0.007887],
    [64, 0.009172],
  ])('of E2M1 under the best f16 scale of %i weights is %f', (size, expected) => {
    const magnitudes = [0.5, 1, 1.5, 2, 3, 4, 6]
    const levels = scaledLevels([...magnitudes.map((value) => -value).reverse(), 0, ...magnitudes])
    const errorWeights = new Float64Array(size).fill(1)
    const codes = new Uint8Array(size)
    let sum = 0
    for (let at = 0; at < weights.length; at += size) {
      const block = weights.subarray(at, at + size)
      const scale = halfToFloat(searchHalfScale(block, errorWeights, levels, codes))
      for (const [i, weight] of block.entries()) sum += (weight - scale * levels.values[codes[i]!]!) ** 2
    }
    within2Percent(sum / weights.length, expected)
  })
})
