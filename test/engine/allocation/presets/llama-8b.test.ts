import { describe, expect, it } from 'vitest'
import { countFormats, effective, openShape, payloadBytes } from '../../../support/preset-formats.ts'
import { LLAMA_3_1_8B } from '../../../support/model-shapes.ts'
import { TemporaryFolder } from '../../../support/temporary-folder.ts'

const model = openShape(new TemporaryFolder(), LLAMA_3_1_8B)

interface Published {
  readonly preset: string
  readonly bpw: string
  readonly hasImportance?: boolean
}

/** llama.cpp tools/quantize/README.md. */
const PUBLISHED: readonly Published[] = [
  { preset: 'IQ1_S', bpw: '2.0042' },
  { preset: 'IQ1_M', bpw: '2.1460' },
  { preset: 'IQ2_XXS', bpw: '2.3824' },
  { preset: 'IQ2_XS', bpw: '2.5882' },
  { preset: 'IQ2_S', bpw: '2.7403' },
  { preset: 'IQ2_M', bpw: '2.9294' },
  { preset: 'IQ3_XXS', bpw: '3.2548', hasImportance: true },
  { preset: 'IQ3_XS', bpw: '3.4977' },
  { preset: 'IQ3_S', bpw: '3.6606' },
  { preset: 'IQ3_M', bpw: '3.7628' },
  { preset: 'IQ4_XS', bpw: '4.4597' },
  { preset: 'IQ4_NL', bpw: '4.6818' },
  { preset: 'Q2_K_S', bpw: '2.9697' },
  { preset: 'Q2_K', bpw: '3.1593' },
  { preset: 'Q3_K_S', bpw: '3.6429' },
  { preset: 'Q3_K_L', bpw: '4.2979' },
  { preset: 'Q4_K_S', bpw: '4.6672' },
  { preset: 'Q4_K_M', bpw: '4.8944' },
  { preset: 'Q5_K_S', bpw: '5.5704' },
  { preset: 'Q5_K_M', bpw: '5.7036' },
  { preset: 'Q6_K', bpw: '6.5633' },
  { preset: 'Q8_0', bpw: '8.5008' },
]

describe('a file of Llama 3.1 8B', () => {
  it('has 292 tensors', () => {
    expect(model.tensors).toHaveLength(292)
  })

  it.each(PUBLISHED)(
    'has as $preset the published $bpw bits per weight',
    ({ preset, bpw, hasImportance }) => {
      const bytes = payloadBytes(model, effective(model, { preset, hasImportance: hasImportance ?? false }))
      expect(((bytes * 8) / model.parameters).toFixed(4)).toBe(bpw)
    },
  )

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
