import { describe, expect, it } from 'vitest'
import { lowerBoundOf } from '../../../../main/engine/quantizers/optimal/lower-bounds.ts'
import { formatByName } from '../../../../main/engine/quantizers/registry.ts'
import { randomImportance, randomRow } from '../../../support/random-rows.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

/** Formats, and how far above their bound `optimal` is at most for Gaussian weights. */
const BOUNDED = [
  ['Q4_1', 1.02],
  ['Q5_1', 1.02],
  ['Q2_K', 1.1],
  ['Q3_K', 1.06],
  ['Q4_K', 1.1],
  ['Q5_K', 1.1],
  ['Q6_K', 1.06],
  ['IQ4_XS', 1.06],
] as const

/** Errors of `optimal` over several blocks, and their bounds. */
function optimalAndBounds(name: string, kind: 'gauss' | 'heavy', importance: Float32Array | null) {
  const format = formatByName(name)!
  const bound = lowerBoundOf(name)!
  const { blockSize } = format
  return [1, 2, 3].map((seed) => {
    const weights = randomRow(kind, blockSize, seed)
    const counts = importance?.subarray(0, blockSize) ?? null
    const bytes = encode(format, 'optimal', weights, counts)
    const errorWeights = counts === null ? new Float64Array(blockSize).fill(1) : Float64Array.from(counts)
    const [error] = blockErrors(format, weights, (i) => errorWeights[i]!, bytes)
    return { error: error!, bound: bound(weights, errorWeights) }
  })
}

describe.each(BOUNDED)('the lower bound of %s', (name, most) => {
  it.each(['gauss', 'heavy'] as const)('is above nothing that optimal finds: %s', (kind) => {
    for (const importance of [null, randomImportance('lognormal', 256, 5)]) {
      for (const { error, bound } of optimalAndBounds(name, kind, importance)) {
        expect(bound).toBeGreaterThan(0)
        expect(bound).toBeLessThanOrEqual(error * (1 + 1e-6))
      }
    }
  })

  it('is near what optimal finds for Gaussian weights', () => {
    const all = optimalAndBounds(name, 'gauss', null)
    const sum = (key: 'error' | 'bound') => all.reduce((total, one) => total + one[key], 0)
    expect(sum('error') / sum('bound')).toBeLessThan(most)
  })
})

it('has no bound for formats where optimal is the least, or where none is known', () => {
  expect(['Q4_0', 'MXFP4', 'IQ2_S', 'F16', 'none'].filter((name) => lowerBoundOf(name))).toEqual([])
})
