import { expect, test } from 'vitest'
import { colourScale } from '../../../renderer/charts/scale.ts'

test('a logarithmic scale places powers of ten at equal steps', () => {
  const scale = colourScale([0.001, 0.01, 0.1], 'log')
  expect([0.001, 0.01, 0.1].map((value) => scale.place(value))).toEqual([-3, -2, -1])
  expect(scale.value(scale.place(0.01))).toBeCloseTo(0.01)
})

test('an error of zero sits at the smallest positive one', () => {
  const scale = colourScale([0, 0.01, 0.1], 'log')
  expect(scale.minimum).toBe(-2)
  expect(scale.place(0)).toBe(-2)
})

test('a single value has a scale of some width', () => {
  const scale = colourScale([0.5, 0.5], 'linear')
  expect(scale.maximum).toBeGreaterThan(scale.minimum)
})

test('without values there is a scale all the same', () => {
  const scale = colourScale([], 'log')
  expect([scale.minimum, scale.maximum]).toEqual([0, 1])
})
