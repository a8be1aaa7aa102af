import { expect, it } from 'vitest'
import { sampleFraction } from '../../../renderer/composables/sample-fraction.ts'

it('samples less of a larger model, within bounds', () => {
  expect(sampleFraction(7e6)).toBe(0.1)
  expect(sampleFraction(1e9)).toBeCloseTo(0.032)
  expect(sampleFraction(405e9)).toBe(0.01)
})
