import { describe, expect, test } from 'vitest'
import {
  boundAt,
  budgetScale,
  indexWithin,
  stepFrom,
  thinned,
} from '../../../../renderer/views/plan/frontier-figures.ts'

const points = [
  { fileBytes: 100, bpw: 2, damage: 1 },
  { fileBytes: 200, bpw: 4, damage: 0.5 },
  { fileBytes: 400, bpw: 8, damage: 0.1 },
]

test.each([
  [99, -1],
  [100, 0],
  [199, 0],
  [200, 1],
  [1000, 2],
])('the largest plan within %i bytes is the one at place %i', (bytes, index) => {
  expect(indexWithin(points, bytes)).toBe(index)
})

describe('the bound', () => {
  test('between two points lies on the line that joins them', () => {
    expect(boundAt(points, 300)).toBeCloseTo(0.3)
  })

  test('is the point itself at a point, and the last one beyond it', () => {
    expect([boundAt(points, 200), boundAt(points, 900)]).toEqual([0.5, 0.1])
  })

  test('does not exist below the smallest plan', () => {
    expect(boundAt(points, 99)).toBeNull()
  })
})

describe('keys', () => {
  test.each([
    [200, 1, 400],
    [200, -1, 100],
    [250, 1, 400],
    [250, -1, 200],
    [100, -1, 100],
    [400, 10, 400],
    [900, -1, 400],
    [300, Number.MAX_SAFE_INTEGER, 400],
    [300, -Number.MAX_SAFE_INTEGER, 100],
  ])('from %i bytes by %i steps go to %i', (from, steps, to) => {
    expect(stepFrom(points, from, steps)?.fileBytes).toBe(to)
  })

  test('go nowhere without a frontier', () => {
    expect(stepFrom([], 100, 1)).toBeNull()
  })
})

describe('sizes', () => {
  test('and bits per weight follow from each other', () => {
    const scale = budgetScale(points, 1)
    expect([scale?.bpwOf(300), scale?.fileBytesOf(6)]).toEqual([6, 300])
  })

  test('of a single plan need the number of weights', () => {
    expect(budgetScale(points.slice(0, 1), 400)?.bpwOf(200)).toBe(4)
  })

  test('of no plan do not exist', () => {
    expect(budgetScale([], 1)).toBeNull()
  })
})

test('a picture keeps both ends of many points', () => {
  const many = Array.from({ length: 5000 }, (_none, index) => ({ fileBytes: index, bpw: 1, damage: 1 }))
  const few = thinned(many, 100)
  expect([few.length, few[0]?.fileBytes, few.at(-1)?.fileBytes]).toEqual([100, 0, 4999])
})
