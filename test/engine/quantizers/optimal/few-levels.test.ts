import { describe, expect, it } from 'vitest'
import type { Format } from '../../../../main/engine/quantizers/format.ts'
import { Q1_0, Q2_0 } from '../../../../main/engine/quantizers/low-bit.ts'
import { searchHalfScale } from '../../../../main/engine/quantizers/optimal/one-scale.ts'
import { scaledLevels } from '../../../../main/engine/quantizers/optimal/scaled-levels.ts'
import { TQ1_0, TQ2_0 } from '../../../../main/engine/quantizers/ternary.ts'
import { halfToFloat } from '../../../../main/engine/tensor/half.ts'
import { bestOfAllHalves } from '../../../support/brute-force-scale.ts'
import { randomImportance, randomRow, type RowKind, seededRandom } from '../../../support/random-rows.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

const TERNARY = [-1, 0, 1]
const FORMATS = [
  { name: 'TQ1_0', format: TQ1_0, levels: TERNARY },
  { name: 'TQ2_0', format: TQ2_0, levels: TERNARY },
  { name: 'Q1_0', format: Q1_0, levels: [-1, 1] },
  { name: 'Q2_0', format: Q2_0, levels: [-1, 0, 1, 2] },
] as const

function decode(format: Format, bytes: Uint8Array): Float32Array {
  const decoded = new Float32Array((bytes.length / format.blockBytes) * format.blockSize)
  format.dequantize(bytes, decoded)
  return decoded
}

function expectBest(
  format: Format,
  levels: readonly number[],
  weights: Float32Array,
  importance: Float32Array | null,
): void {
  const errorWeights = Float64Array.from(weights, (_, i) => importance?.[i] ?? 1)
  const bytes = encode(format, 'optimal', weights, importance)
  const [error] = blockErrors(format, weights, (i) => errorWeights[i]!, bytes)
  const best = bestOfAllHalves(weights, errorWeights, levels)
  expect(error).toBe(best.error)
}

describe.each(FORMATS)('$name by optimal', ({ format, levels }) => {
  const size = format.blockSize

  it.each(['heavy', 'rounding ties'] as const)(
    'has the least error of all finite f16 scales on a block of kind %s',
    (kind) => {
      expectBest(format, levels, randomRow(kind, size, 5), null)
    },
  )

  it.each(['lognormal', 'scattered zeros'])(
    'has the least weighted error of all finite f16 scales with importance %s',
    (kind) => {
      expectBest(format, levels, randomRow('gauss', size, 9), randomImportance(kind, size, 3))
    },
  )

  it('has all values on 0 or next to it where the weights are below every scale', () => {
    const bytes = encode(format, 'optimal', randomRow('scale underflows f16', size, 1), null)
    expect(decode(format, bytes).every((value) => Math.abs(value) <= 2 ** -24)).toBe(true)
  })

  it('takes the largest f16 scale for weights beyond it', () => {
    const weights = randomRow('scale overflows f16', size, 1)
    const decoded = decode(format, encode(format, 'optimal', weights, null))
    const reach = 65504 * levels.at(-1)!
    expect(Math.max(...decoded.map(Math.abs))).toBe(reach)
  })

  it('stays finite for weights whose squares overflow, and for denormals', () => {
    for (const kind of ['squares overflow', 'denormals', 'any bits'] as const) {
      const decoded = decode(format, encode(format, 'optimal', randomRow(kind, size, 1), null))
      expect(decoded.every(Number.isFinite)).toBe(true)
    }
  })

  it('scales with the weights by powers of two', () => {
    const weights = randomRow('gauss', size, 21)
    const once = decode(format, encode(format, 'optimal', weights, null))
    const larger = decode(
      format,
      encode(
        format,
        'optimal',
        weights.map((weight) => 64 * weight),
        null,
      ),
    )
    expect(larger).toEqual(once.map((value) => 64 * value))
  })

  it('has the same error for weights of the other sign', () => {
    const weights = randomRow('heavy', size, 23)
    const turned = weights.map((weight) => -weight)
    const [error, ofTurned] = [weights, turned].map(
      (row) => blockErrors(format, row, () => 1, encode(format, 'optimal', row, null))[0],
    )
    expect(ofTurned).toBe(error)
  })

  it('gives every weight the same value wherever it stands, with its importance', () => {
    const random = seededRandom(2)
    const order = Array.from({ length: size }, (_, i) => ({ i, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ i }) => i)
    const weights = randomRow('gauss', size, 25)
    const importance = randomImportance('lognormal', size, 4)
    const once = decode(format, encode(format, 'optimal', weights, importance))
    const permuted = decode(
      format,
      encode(
        format,
        'optimal',
        Float32Array.from(order, (i) => weights[i]!),
        Float32Array.from(order, (i) => importance[i]!),
      ),
    )
    expect(permuted).toEqual(Float32Array.from(order, (i) => once[i]!))
  })
})

describe('small blocks', () => {
  const cases = FORMATS.flatMap(({ name, levels }) => [3, 7].map((size) => ({ name, levels, size })))

  it.each(cases)('of $size weights on levels of $name get the best of all f16 scales', ({ levels, size }) => {
    const kinds: readonly RowKind[] = ['gauss', 'few levels', 'constant', 'blocks of zeros']
    for (const [seed, kind] of kinds.entries()) {
      const weights = randomRow(kind, size, seed)
      const errorWeights = Float64Array.from(randomImportance('lognormal', size, seed))
      const codes = new Uint8Array(size)
      const bits = searchHalfScale(weights, errorWeights, scaledLevels(levels), codes)
      const best = bestOfAllHalves(weights, errorWeights, levels)
      const error = weights.reduce((sum, weight, i) => {
        const distance = weight - halfToFloat(bits) * levels[codes[i]!]!
        return sum + errorWeights[i]! * (distance * distance)
      }, 0)
      expect(error).toBe(best.error)
      expect(halfToFloat(bits)).toBe(best.scale)
    }
  })
})

it('TQ2_0 never has a fourth code, Q2_0 does', () => {
  const weights = randomRow('heavy', 4096, 7)
  const codesOf = (format: Format, from: number, to: number) => {
    const bytes = encode(format, 'optimal', weights, null)
    return [...bytes.keys()]
      .filter((i) => i % format.blockBytes >= from && i % format.blockBytes < to)
      .flatMap((i) => [0, 2, 4, 6].map((shift) => (bytes[i]! >> shift) & 3))
  }
  expect(codesOf(TQ2_0, 0, 64)).not.toContain(3)
  expect(codesOf(Q2_0, 2, 18)).toContain(3)
})
