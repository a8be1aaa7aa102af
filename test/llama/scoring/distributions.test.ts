import { describe, expect, it } from 'vitest'
import { comparePosition, indexOfLargest, lossOf } from '../../../main/llama/scoring/distributions.ts'
import { seededNormal } from '../../support/random-rows.ts'

const rowOf = (seed: number, length: number, spread: number): Float32Array => {
  const normal = seededNormal(seed)
  return Float32Array.from({ length }, () => spread * normal())
}

function compare(reference: Float32Array, candidate: Float32Array, next = 0) {
  const result = { divergence: 0, referenceLoss: 0, candidateLoss: 0, sameTop: false }
  comparePosition(reference, candidate, next, result)
  return result
}

/** By the definition, with log-probabilities written out. */
function directly(reference: Float32Array, candidate: Float32Array) {
  const logProbabilities = (logits: Float32Array): number[] => {
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0)
    return [...logits].map((logit) => logit - Math.log(sum))
  }
  const [p, q] = [logProbabilities(reference), logProbabilities(candidate)]
  return { p, q, divergence: p.reduce((sum, log, index) => sum + Math.exp(log) * (log - q[index]!), 0) }
}

describe('the comparison of two distributions', () => {
  it.each([1, 3, 10])('is the definition of the divergence and of both losses (spread %d)', (spread) => {
    const reference = rowOf(1, 5000, spread)
    const candidate = reference.map((logit, index) => logit + 0.1 * Math.sin(index))
    const { p, q, divergence } = directly(reference, candidate)
    const found = compare(reference, candidate, 17)
    expect(found.divergence / divergence).toBeCloseTo(1, 10)
    expect(found.referenceLoss).toBeCloseTo(-p[17]!, 10)
    expect(found.candidateLoss).toBeCloseTo(-q[17]!, 10)
    expect(lossOf(candidate, 17)).toBeCloseTo(-q[17]!, 10)
  })

  it('resolves a divergence far below single precision', () => {
    const reference = rowOf(2, 4096, 3)
    const candidate = reference.slice()
    // A shift of one logit by d changes the divergence by p (1 - p) d^2 / 2.
    const shifted = indexOfLargest(reference)
    const before = candidate[shifted]!
    candidate[shifted] = before + 2 ** -14
    const shift = candidate[shifted] - before
    const p = Math.exp(directly(reference, reference).p[shifted]!)
    expect(compare(reference, candidate).divergence / ((p * (1 - p) * shift ** 2) / 2)).toBeCloseTo(1, 3)
  })

  it('is nothing for equal logits and for logits that are shifted as a whole', () => {
    const reference = rowOf(3, 1000, 4).map((logit) => Math.round(logit * 64) / 64)
    expect(compare(reference, reference)).toMatchObject({ divergence: 0, sameTop: true })
    expect(
      compare(
        reference,
        reference.map((logit) => logit + 2),
      ).divergence,
    ).toBeLessThan(1e-15)
  })

  it('never is below zero', () => {
    for (let seed = 0; seed < 50; seed++) {
      const reference = rowOf(seed, 300, 8)
      const candidate = reference.map((logit) => Math.fround(logit * (1 + 1e-7)))
      expect(compare(reference, candidate).divergence).toBeGreaterThanOrEqual(0)
    }
  })

  it('takes tokens that the reference rules out for nothing, and infinity where the candidate alone does', () => {
    const reference = Float32Array.of(1, 2, -Infinity)
    expect(compare(reference, reference)).toMatchObject({ divergence: 0 })
    expect(compare(reference, Float32Array.of(1, 2, 3)).divergence).toBeGreaterThan(0)
    expect(compare(Float32Array.of(1, 2, 3), reference).divergence).toBe(Infinity)
  })

  it('has the same top token only where the first of the largest is', () => {
    expect(compare(Float32Array.of(1, 3, 3), Float32Array.of(0, 2, 1)).sameTop).toBe(true)
    expect(compare(Float32Array.of(1, 3, 3), Float32Array.of(0, 1, 2)).sameTop).toBe(false)
  })

  it.each([
    ['NaN', NaN],
    ['infinity', Infinity],
  ])('tells by a loss that a model gives no numbers: %s', (_name, value) => {
    const sound = rowOf(4, 50, 1)
    const broken = sound.slice()
    broken[20] = value
    expect(compare(sound, broken).candidateLoss).toBeNaN()
    expect(compare(sound, broken).referenceLoss).toBe(lossOf(sound, 0))
    expect(compare(broken, sound).referenceLoss).toBeNaN()
    expect(lossOf(broken, 0)).toBeNaN()
  })
})
