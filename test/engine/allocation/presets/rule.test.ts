import { describe, expect, it } from 'vitest'
import { isFavoured } from '../../../../main/engine/allocation/presets/rule.ts'

function favoured(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index).filter((index) => isFavoured({ index, count }))
}

describe('the favoured layers', () => {
  it.each([
    [16, [0, 1, 4, 7, 10, 13, 14, 15]],
    [24, [0, 1, 2, 5, 8, 11, 14, 17, 20, 21, 22, 23]],
    [28, [0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 24, 25, 26, 27]],
    [32, [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31]],
  ])('of %i', (count, layers) => {
    expect(favoured(count)).toEqual(layers)
  })

  it.each([
    [36, 18],
    [40, 20],
    [48, 24],
    [61, 30],
    [64, 32],
    [80, 40],
    [94, 46],
  ])('of %i are %i', (count, expected) => {
    expect(favoured(count)).toHaveLength(expected)
  })
})
