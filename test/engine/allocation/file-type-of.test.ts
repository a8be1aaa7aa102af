import { describe, expect, it } from 'vitest'
import { fileTypeOf } from '../../../main/engine/allocation/file-type-of.ts'
import { FORMATS } from '../../../main/engine/quantizers/registry.ts'

const whole = (format: string) => fileTypeOf([{ format, bytes: 10 }])

describe('the file type', () => {
  it('is that of the type with the most bytes', () => {
    const tensors = [
      { format: 'Q4_K', bytes: 40 },
      { format: 'Q6_K', bytes: 50 },
      { format: 'Q4_K', bytes: 40 },
      { format: 'F32', bytes: 60 },
    ]
    expect(fileTypeOf(tensors)).toBe(15)
  })

  it.each([
    ['F32', 0],
    ['F16', 1],
    ['Q4_0', 2],
    ['Q4_1', 3],
    ['Q8_0', 7],
    ['Q5_0', 8],
    ['Q5_1', 9],
    ['Q4_K', 15],
    ['Q5_K', 17],
    ['Q6_K', 18],
    ['BF16', 32],
    ['Q3_K', 12],
    ['IQ2_S', 29],
    ['MXFP4', 38],
  ])('of %s alone is %i', (format, id) => {
    expect(whole(format)).toBe(id)
  })

  it('exists for every format', () => {
    for (const { name } of FORMATS) expect(whole(name)).not.toBeNull()
  })

  it('is unknown for types that no loader names and for no tensors', () => {
    expect(whole('type 147 (unknown)')).toBeNull()
    expect(fileTypeOf([])).toBeNull()
  })
})
