/** Mean squared errors of random blocks of unit variance against figures computed elsewhere (Monte Carlo, other seeds). */
import { describe, expect, it } from 'vitest'
import type { Format, Method } from '../../../../main/engine/quantizers/format.ts'
import { IQ4_NL } from '../../../../main/engine/quantizers/iq4.ts'
import { LEVELS } from '../../../../main/engine/quantizers/iq4-levels.ts'
import { searchHalfScale } from '../../../../main/engine/quantizers/optimal/one-scale.ts'
import {
  integerLevels,
  nearestLevel,
  type ScaledLevels,
  scaledLevels,
} from '../../../../main/engine/quantizers/optimal/scaled-levels.ts'
import { Q4_0 } from '../../../../main/engine/quantizers/q4-legacy.ts'
import { Q5_0 } from '../../../../main/engine/quantizers/q5-legacy.ts'
import { Q8_0 } from '../../../../main/engine/quantizers/q8-0.ts'
import { halfToFloat } from '../../../../main/engine/tensor/half.ts'
import { seededNormal, seededRandom } from '../../../support/random-rows.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

const BLOCKS = 4000

const DISTRIBUTIONS = {
  Gauss: (seed: number) => seededNormal(seed),
  Laplace: (seed: number) => {
    const random = seededRandom(seed)
    return () => {
      const uniform = random() - 0.5
      return (-Math.sign(uniform) * Math.log(1 - 2 * Math.abs(uniform))) / Math.SQRT2
    }
  },
  'Student-t(5)': (seed: number) => {
    const normal = seededNormal(seed)
    return () => {
      let squares = 0
      for (let i = 0; i < 5; i += 1) squares += normal() ** 2
      return (normal() / Math.sqrt(squares / 5)) * Math.sqrt(3 / 5)
    }
  },
}

type Distribution = keyof typeof DISTRIBUTIONS

const rowOf = (distribution: Distribution, length: number) =>
  Float32Array.from({ length }, DISTRIBUTIONS[distribution](2024))

function meanError(format: Format, method: Method, row: Float32Array): number {
  const errors = blockErrors(format, row, () => 1, encode(format, method, row, null))
  return errors.reduce((sum, error) => sum + error, 0) / row.length
}

function expectWithin(share: number, found: number, expected: number): void {
  expect(found).toBeGreaterThan(expected * (1 - share))
  expect(found).toBeLessThan(expected * (1 + share))
}

describe('reference and optimal of random weights', () => {
  it.each<{ format: Format; distribution: Distribution; reference: number; optimal: number }>([
    { format: Q4_0, distribution: 'Gauss', reference: 0.007345, optimal: 0.006496 },
    { format: Q4_0, distribution: 'Laplace', reference: 0.011175, optimal: 0.010216 },
    { format: Q4_0, distribution: 'Student-t(5)', reference: 0.011624, optimal: 0.010581 },
    { format: Q5_0, distribution: 'Gauss', reference: 0.001817, optimal: 0.001593 },
    { format: Q8_0, distribution: 'Gauss', reference: 2.88e-5, optimal: 2.13e-5 },
  ])('$format.name, $distribution', ({ format, distribution, reference, optimal }) => {
    const row = rowOf(distribution, 32 * BLOCKS)
    const found = [meanError(format, 'reference', row), meanError(format, 'optimal', row)]
    // The mean of heavy tails varies by more than the ratio does.
    const share = distribution === 'Gauss' ? 0.02 : 0.04
    expectWithin(share, found[0]!, reference)
    expectWithin(share, found[1]!, optimal)
    expectWithin(0.02, found[1]! / found[0]!, optimal / reference)
  })

  it('IQ4_NL, Gauss', () => {
    expectWithin(0.02, meanError(IQ4_NL, 'optimal', rowOf('Gauss', 32 * BLOCKS)), 0.005336)
  })

  it('IQ4_NL, Gauss, the largest weight put on -127', () => {
    const levels = scaledLevels(LEVELS)
    const row = rowOf('Gauss', 32 * BLOCKS)
    let sum = 0
    for (let at = 0; at < row.length; at += 32) {
      const block = row.subarray(at, at + 32)
      const extreme = block.reduce((most, weight) => (Math.abs(weight) > Math.abs(most) ? weight : most))
      const scale = Math.abs(extreme) / 127
      const sign = extreme > 0 ? -1 : 1
      for (const weight of block) {
        sum += (sign * weight - scale * levels.values[nearestLevel(sign * weight, scale, levels)]!) ** 2
      }
    }
    expectWithin(0.02, sum / row.length, 0.006348)
  })
})

const NF4 = [
  -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
  0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]
const BOF4_S_32 = [
  -0.8732956, -0.6907624, -0.5437138, -0.4173574, -0.3039144, -0.1986214, -0.0981755, 0, 0.0926251, 0.1871527,
  0.2857119, 0.3909585, 0.5065712, 0.6382248, 0.7958384, 1,
]
const BOF4_S_64 = [
  -0.8568214, -0.6691702, -0.5234594, -0.4004492, -0.2910345, -0.1899918, -0.0938558, 0, 0.0887642, 0.1794526,
  0.2742485, 0.3759495, 0.4885909, 0.6187701, 0.7790818, 1,
]
const BOF4_64 = [
  -1, -0.7535689, -0.5792681, -0.438672, -0.3168191, -0.2060291, -0.1015641, 0, 0.0887642, 0.1794526,
  0.2742485, 0.3759495, 0.4885909, 0.6187701, 0.7790818, 1,
]
const E2M1 = [-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6]

describe('codebooks of 4 bits with the best scale, Gaussian weights', () => {
  it.each<[string, ScaledLevels, number, number]>([
    ['NF4', scaledLevels(NF4), 32, 0.005657],
    ['NF4', scaledLevels(NF4), 64, 0.006768],
    ['BOF4', scaledLevels(BOF4_64), 64, 0.006562],
    ['BOF4-S', scaledLevels(BOF4_S_32), 32, 0.005387],
    ['BOF4-S', scaledLevels(BOF4_S_64), 64, 0.006435],
    ['IQ4_NL', scaledLevels(LEVELS), 32, 0.005367],
    ['IQ4_NL', scaledLevels(LEVELS), 64, 0.006528],
    ['integers from -8 to 7', integerLevels(-8, 7), 32, 0.006515],
    ['integers from -8 to 7', integerLevels(-8, 7), 64, 0.007999],
    ['E2M1', scaledLevels(E2M1), 32, 0.007887],
    ['E2M1', scaledLevels(E2M1), 64, 0.009172],
  ])('%s in blocks of $2', (_name, levels, size, expected) => {
    const row = rowOf('Gauss', 32 * BLOCKS)
    const codes = new Uint8Array(size)
    const errorWeights = new Float64Array(size).fill(1)
    let sum = 0
    for (let at = 0; at < row.length; at += size) {
      const block = row.subarray(at, at + size)
      const scale = halfToFloat(searchHalfScale(block, errorWeights, levels, codes))
      for (const [i, weight] of block.entries()) sum += (weight - scale * levels.values[codes[i]!]!) ** 2
    }
    expectWithin(0.02, sum / row.length, expected)
  })
})
