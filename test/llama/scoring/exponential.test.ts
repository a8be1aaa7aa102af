import { expect, it } from 'vitest'
import { exponential } from '../../../main/llama/scoring/exponential.ts'
import { seededRandom } from '../../support/random-rows.ts'

it('is e^x to a few roundings, over the whole range', () => {
  const random = seededRandom(1)
  const values = Array.from({ length: 100_000 }, () => -(10 ** (random() * 6 - 3.15)))
  const wrong = values.filter((x) => {
    const expected = Math.exp(x)
    return Math.abs(exponential(x) - expected) > (4 - 2 * x) * 2 ** -53 * expected
  })
  expect(Math.min(...values)).toBeLessThan(-700)
  expect(wrong).toEqual([])
})

it('is exact at zero, nothing for what cannot happen, and no number for none', () => {
  expect([0, -0, -1e-300].map(exponential)).toEqual([1, 1, 1])
  expect([-709, -1e9, -Infinity].map(exponential)).toEqual([0, 0, 0])
  expect(exponential(NaN)).toBeNaN()
})
