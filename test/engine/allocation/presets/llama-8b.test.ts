import { describe, expect, it } from 'vitest'
import { countFormats, effective, openShape, payloadBytes } from '../../../support/preset-formats.ts'
import { LLAMA_3_1_8B } from '../../../support/model-shapes.ts'
import { TemporaryFolder } from '../../../support/temporary-folder.ts'

const model = openShape(new TemporaryFolder(), LLAMA_3_1_8B)

/** llama.cpp tools/quantize/README.md. */
const PUBLISHED: readonly (readonly [preset: string, bpw: string, hasImportance?: boolean])[] = [
  ['IQ1_S', '2.0042'],
  ['IQ1_M', '2.1460'],
  ['IQ2_XXS', '2.3824'],
  ['IQ2_XS', '2.5882'],
  ['IQ2_S', '2.7403'],
  ['IQ2_M', '2.9294'],
  ['IQ3_XXS', '3.2548', true],
  ['IQ3_XS', '3.4977'],
  ['IQ3_S', '3.6606'],
  ['IQ3_M', '3.7628'],
  ['IQ4_XS', '4.4597'],
  ['IQ4_NL', '4.6818'],
  ['Q2_K_S', '2.9697'],
  ['Q2_K', '3.1593'],
  ['Q3_K_S', '3.6429'],
  ['Q3_K_L', '4.2979'],
  ['Q4_K_S', '4.6672'],
  ['Q4_K_M', '4.8944'],
  ['Q5_K_S', '5.5704'],
  ['Q5_K_M', '5.7036'],
  ['Q6_K', '6.5633'],
  ['Q8_0', '8.5008'],
]

describe('a file of Llama 3.1 8B', () => {
  it('has 292 tensors', () => {
    expect(model.tensors).toHaveLength(292)
  })

  it.each(PUBLISHED)('has as %s the published %s bits per weight', (preset, bpw, hasImportance = false) => {
    const bytes = payloadBytes(model, effective(model, { preset, hasImportance }))
    expect(((bytes * 8) / model.parameters).toFixed(4)).toBe(bpw)
  })

  it.each([
    ['Q4_K_M', false, 4_912_898_304, { Q4_K: 193, Q6_K: 33 }],
    ['Q5_K_M', false, 5_725_151_488, { Q5_K: 193, Q6_K: 33 }],
    ['Q4_K_S', false, 4_684_833_024, { Q4_K: 217, Q5_K: 8, Q6_K: 1 }],
    ['Q3_K_M', false, 4_011_081_984, { Q3_K: 129, Q4_K: 92, Q5_K: 4, Q6_K: 1 }],
    ['Q2_K', false, 3_171_295_488, { Q2_K: 129, Q3_K: 64, Q4_K: 32, Q6_K: 1 }],
    ['IQ3_M', false, 3_776_987_392, { IQ3_S: 157, Q4_K: 68, Q6_K: 1 }],
    ['IQ4_XS', false, 4_476_526_848, { IQ4_XS: 189, Q5_K: 36, Q6_K: 1 }],
    ['IQ4_XS', true, 4_439_826_688, { IQ4_XS: 193, Q5_K: 32, Q6_K: 1 }],
    ['Q6_K', false, 6_588_170_496, { Q6_K: 226 }],
    ['Q8_0', false, 8_532_934_912, { Q8_0: 226 }],
  ])('as %s (imatrix: %s) takes %i bytes', (preset, hasImportance, bytes, counts) => {
    const formats = effective(model, { preset, hasImportance })
    expect(countFormats(model, formats)).toEqual(counts)
    expect(payloadBytes(model, formats)).toBe(bytes)
  })
})
