import { describe, expect, it } from 'vitest'
import { fallbackFormat } from '../../../main/engine/allocation/fallback.ts'

describe('the shape fallback', () => {
  it.each([
    ['Q4_K', 4096, 'Q4_K'],
    ['Q4_K', 896, 'Q5_0'],
    ['Q5_K', 896, 'Q5_1'],
    ['Q6_K', 896, 'Q8_0'],
    ['Q3_K', 896, 'Q4_0'],
    ['IQ4_XS', 896, 'IQ4_NL'],
    ['IQ2_XXS', 896, 'IQ4_NL'],
    ['Q6_K', 100, 'F16'],
    ['Q8_0', 100, 'F16'],
    ['Q4_0', 33, 'F16'],
    ['BF16', 33, 'BF16'],
  ])('stores %s in rows of %i as %s', (requested, rowLength, expected) => {
    expect(fallbackFormat(requested, rowLength)).toBe(expected)
  })
})
