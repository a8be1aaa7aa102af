import { describe, expect, it } from 'vitest'
import { fallbackFormat } from '../../../main/engine/allocation/fallback.ts'
import { FORMATS, formatByName } from '../../../main/engine/quantizers/registry.ts'

describe('the shape fallback', () => {
  it.each([
    ['Q4_K', 4096, 'Q4_K'],
    ['Q4_K', 896, 'Q5_0'],
    ['Q5_K', 896, 'Q5_1'],
    ['Q6_K', 896, 'Q8_0'],
    ['Q3_K', 896, 'Q4_0'],
    ['Q2_K', 896, 'Q4_0'],
    ['TQ1_0', 896, 'Q4_0'],
    ['TQ2_0', 896, 'Q4_0'],
    ['IQ4_XS', 896, 'IQ4_NL'],
    ['IQ3_S', 896, 'IQ4_NL'],
    ['IQ3_XXS', 896, 'IQ4_NL'],
    ['IQ2_S', 896, 'IQ4_NL'],
    ['IQ2_XS', 896, 'IQ4_NL'],
    ['IQ2_XXS', 896, 'IQ4_NL'],
    ['IQ1_M', 896, 'IQ4_NL'],
    ['IQ1_S', 896, 'IQ4_NL'],
    ['Q1_0', 896, 'Q1_0'],
    ['NVFP4', 896, 'NVFP4'],
    ['Q2_0', 96, 'Q4_0'],
    ['NVFP4', 96, 'F16'],
    ['Q1_0', 96, 'F16'],
    ['MXFP4', 96, 'MXFP4'],
    ['MXFP4', 100, 'F16'],
    ['IQ4_NL', 100, 'F16'],
    ['IQ2_XS', 100, 'F16'],
    ['Q6_K', 100, 'F16'],
    ['Q8_0', 100, 'F16'],
    ['Q4_0', 33, 'F16'],
    ['BF16', 33, 'BF16'],
  ])('stores %s in rows of %i as %s', (requested, rowLength, expected) => {
    expect(fallbackFormat(requested, rowLength)).toBe(expected)
  })

  it.each(FORMATS)('gives $name a format whose block divides the row, whatever the row', ({ name }) => {
    for (const rowLength of [1, 32, 64, 96, 128, 192, 256, 896, 1000]) {
      const effective = formatByName(fallbackFormat(name, rowLength))!
      expect([rowLength, rowLength % effective.blockSize]).toEqual([rowLength, 0])
      expect(effective.needsImportance && effective.name !== name).toBe(false)
    }
  })
})
