import { describe, expect, it } from 'vitest'
import { LEVELS } from '../../../../main/engine/quantizers/iq4-levels.ts'
import { nestedLowerBound } from '../../../../main/engine/quantizers/optimal/nested-bound.ts'
import {
  type NestedLayout,
  nestedLayout,
  wholeLevels,
} from '../../../../main/engine/quantizers/optimal/nested-layout.ts'
import { nestedSearch } from '../../../../main/engine/quantizers/optimal/nested-search.ts'
import { halfToFloat } from '../../../../main/engine/tensor/half.ts'
import { randomRow, seededNormal, seededRandom } from '../../../support/random-rows.ts'

const LAYOUTS = {
  Q3_K: nestedLayout({ levels: wholeLevels(4), subBlock: 16, reach: 32 }),
  Q6_K: nestedLayout({ levels: wholeLevels(32), subBlock: 16, reach: 128 }),
  IQ4_XS: nestedLayout({ levels: LEVELS, subBlock: 32, reach: 32 }),
}
const NAMES = Object.keys(LAYOUTS) as (keyof typeof LAYOUTS)[]
const LARGEST_HALF = 0x7bff

interface Found {
  half: number
  scales: Int8Array
  decoded: Float64Array
  error: number
}

function search(layout: NestedLayout, weights: Float32Array, errorWeights: Float64Array): Found {
  const codes = new Uint8Array(256)
  const scales = new Int8Array(layout.subBlocks)
  const half = nestedSearch(layout)(weights, errorWeights, codes, scales)
  const decoded = Float64Array.from(codes, (code, i) => {
    return halfToFloat(half) * scales[Math.floor(i / layout.subBlock)]! * layout.levels[code]!
  })
  let error = 0
  for (let at = 0; at < 256; at += layout.subBlock) {
    let sum = 0
    for (let i = at; i < at + layout.subBlock; i += 1) {
      sum += errorWeights[i]! * ((weights[i]! - decoded[i]!) * (weights[i]! - decoded[i]!))
    }
    error += sum
  }
  return { half, scales, decoded, error }
}

/** Error of a sub-block under one scale, by trying the levels on both sides of the weight. */
function errorUnder(
  layout: NestedLayout,
  weights: Float32Array,
  errorWeights: Float64Array,
  at: number,
  t: number,
) {
  let sum = 0
  for (let i = at; i < at + layout.subBlock; i += 1) {
    let least = Infinity
    for (const level of layout.levels) {
      const error = weights[i]! - t * level
      if (error * error < least) least = error * error
    }
    sum += errorWeights[i]! * least
  }
  return sum
}

/** Least errors under d and -d, by all scales. */
function leastErrors(
  layout: NestedLayout,
  weights: Float32Array,
  errorWeights: Float64Array,
  half: number,
): number[] {
  const d = halfToFloat(half)
  const sums = [0, 0]
  for (let at = 0; at < 256; at += layout.subBlock) {
    const least = [Infinity, Infinity]
    if (weights.subarray(at, at + layout.subBlock).every((x) => x === 0)) continue
    for (let scale = -layout.reach; scale <= layout.reach; scale += 1) {
      const error = errorUnder(layout, weights, errorWeights, at, d * scale)
      if (scale < layout.reach) least[0] = Math.min(least[0]!, error)
      if (scale > -layout.reach) least[1] = Math.min(least[1]!, error)
    }
    sums[0]! += least[0]!
    sums[1]! += least[1]!
  }
  return sums
}

function ones(): Float64Array {
  return new Float64Array(256).fill(1)
}

function lognormal(seed: number): Float64Array {
  const normal = seededNormal(seed)
  return Float64Array.from({ length: 256 }, () => Math.exp(normal()))
}

describe.each(NAMES)('the search of %s', (name) => {
  const layout = LAYOUTS[name]

  it.each([
    ['gauss', null],
    ['heavy', 3],
  ] as const)('finds the least error of all scales and of all d around the best (%s)', (kind, seed) => {
    const weights = randomRow(kind, 256, 9)
    const errorWeights = seed === null ? ones() : lognormal(seed)
    const { half, error } = search(layout, weights, errorWeights)
    const magnitude = half & 0x7fff
    const around = name === 'Q6_K' ? 3 : 25
    for (let other = Math.max(1, magnitude - around); other <= magnitude + around; other += 1) {
      const errors = leastErrors(layout, weights, errorWeights, other)
      for (const least of errors) expect(least).toBeGreaterThanOrEqual(error)
      if (other === magnitude) expect(errors[half >>> 15]).toBe(error)
    }
  })

  it('finds no worse at d spread over all octaves of f16', () => {
    const weights = randomRow('positive only', 256, 21)
    const { error } = search(layout, weights, ones())
    for (let half = 1; half <= LARGEST_HALF; half += name === 'Q6_K' ? 3001 : 509) {
      expect(Math.min(...leastErrors(layout, weights, ones(), half))).toBeGreaterThanOrEqual(error)
    }
  })

  it('gives the same values for the negative of a row whose levels allow it', () => {
    // A negative d turns every scale round, so the same set of values can be stored but for the outermost scale.
    const weights = randomRow('gauss', 256, 5)
    const negative = weights.map((x) => -x)
    const one = search(layout, weights, ones())
    const other = search(layout, negative, ones())
    expect(other.error).toBeCloseTo(one.error, 12)
  })

  it('scales by powers of two with its weights', () => {
    const weights = randomRow('gauss', 256, 15).map((x) => 64 * x)
    const one = search(layout, weights, ones())
    const other = search(
      layout,
      weights.map((x) => 4 * x),
      ones(),
    )
    expect(other.scales).toEqual(one.scales)
    expect(other.decoded).toEqual(one.decoded.map((x) => 4 * x))
  })

  it('does not change when all error weights are multiplied by a power of two', () => {
    const weights = randomRow('heavy', 256, 25)
    const errorWeights = lognormal(8)
    const one = search(layout, weights, errorWeights)
    const other = search(
      layout,
      weights,
      errorWeights.map((w) => 2 ** 40 * w),
    )
    expect(other.half).toBe(one.half)
    expect(other.decoded).toEqual(one.decoded)
  })

  it('takes sub-blocks in another order along with their scales', () => {
    const weights = randomRow('heavy', 256, 33)
    const { subBlock, subBlocks } = layout
    const turned = Float32Array.from(weights, (_, i) => weights[(i + subBlock) % 256]!)
    const one = search(layout, weights, ones())
    const other = search(layout, turned, ones())
    expect(other.error).toBeCloseTo(one.error, 12)
    expect([...other.scales]).toEqual([...one.scales.slice(1), one.scales[0]].slice(0, subBlocks))
  })

  it('is never below the lower bound, and near it', () => {
    for (let seed = 1; seed < 6; seed += 1) {
      const weights = randomRow('gauss', 256, seed)
      const errorWeights = lognormal(seed)
      const bound = nestedLowerBound(layout, weights, errorWeights)
      const { error } = search(layout, weights, errorWeights)
      expect(error).toBeGreaterThanOrEqual(bound)
      expect(error).toBeLessThan(1.06 * bound)
    }
  })

  it('stores what the format can represent without error', () => {
    const random = seededRandom(4)
    const d = 2 ** -9
    const scales = Array.from(
      { length: layout.subBlocks },
      () => Math.floor(random() * (layout.reach - 1)) + 1,
    )
    const weights = Float32Array.from({ length: 256 }, (_, i) => {
      const level = layout.levels[Math.floor(random() * layout.levels.length)]!
      return d * scales[Math.floor(i / layout.subBlock)]! * level
    })
    expect(search(layout, weights, lognormal(2)).error).toBe(0)
  })

  it('takes the scale 0 where no weight of a sub-block counts', () => {
    const errorWeights = ones().fill(0, 0, layout.subBlock)
    const { scales } = search(layout, randomRow('gauss', 256, 3), errorWeights)
    expect(scales[0]).toBe(0)
    expect(scales[1]).not.toBe(0)
  })

  it('takes the least d and scales 0 for weights far below the least f16', () => {
    const { half, scales } = search(layout, randomRow('denormals', 256, 3), ones())
    expect(half).toBe(1)
    expect(scales.every((scale) => scale === 0)).toBe(true)
  })

  it('takes the largest d for weights beyond what can be stored', () => {
    const weights = randomRow('gauss', 256, 3).map((x) => 1e12 * x)
    expect(search(layout, weights, ones()).half & 0x7fff).toBe(LARGEST_HALF)
  })

  it('gives zeros where error weights are not finite', () => {
    const errorWeights = ones().fill(Infinity, 7, 8)
    expect(search(layout, randomRow('gauss', 256, 3), errorWeights).decoded.every((x) => x === 0)).toBe(true)
  })
})

describe('Gaussian super-blocks', () => {
  /** Errors relative to the squares, with sub-blocks of lognormal size. */
  function errorsOf(layout: NestedLayout, count: number): { best: number; bound: number } {
    const normal = seededNormal(77)
    let best = 0
    let bound = 0
    let squares = 0
    for (let block = 0; block < count; block += 1) {
      const weights = new Float32Array(256)
      for (let at = 0; at < 256; at += 16) {
        const size = Math.exp(0.15 * normal())
        for (let i = at; i < at + 16; i += 1) weights[i] = size * normal()
      }
      best += search(layout, weights, ones()).error
      bound += nestedLowerBound(layout, weights, ones())
      squares += weights.reduce((sum, x) => sum + x * x, 0)
    }
    return { best: best / squares, bound: bound / squares }
  }

  // theory.md, A.4: 0.018997 over 0.018906 and 0.000277 over 0.000271, of six super-blocks.
  it.each([
    ['Q3_K', 100, 0.018997 / 0.018906],
    ['Q6_K', 40, 0.000277 / 0.000271],
  ] as const)('of %s lose as little to the shared d as known', (name, count, ratio) => {
    const { best, bound } = errorsOf(LAYOUTS[name], count)
    expect(Math.abs(best / bound / ratio - 1)).toBeLessThan(0.004)
  })

  // theory.md, A.5: the exact searches of single blocks of 16.
  it.each([
    ['Q3_K', 0.020348],
    ['Q6_K', 0.000256],
  ] as const)('have the known error under free scales, levels of %s', (name, known) => {
    const normal = seededNormal(3)
    let bound = 0
    let squares = 0
    for (let block = 0; block < 400; block += 1) {
      const weights = Float32Array.from({ length: 256 }, normal)
      bound += nestedLowerBound(LAYOUTS[name], weights, ones())
      squares += weights.reduce((sum, x) => sum + x * x, 0)
    }
    expect(Math.abs(bound / squares / known - 1)).toBeLessThan(0.02)
  })
})
