import { describe, expect, it } from 'vitest'
import { PRESETS, presetChoices } from '../../../main/engine/allocation/presets.ts'
import type { Tensor } from '../../../main/engine/tensor/tensor.ts'
import { errorOf } from '../../support/thrown.ts'

function tensor(name: string, type: string, quantizable: boolean): Tensor {
  return { name, shape: [256, 2], type, file: 0, offsetBytes: 0, bytes: 0, layer: 0, role: name, quantizable }
}

describe('a one-type preset', () => {
  it('exists for every format', () => {
    const names = [
      'F32 F16 BF16 Q8_0 Q6_K Q5_1 Q5_K Q5_0 Q4_1 Q4_K Q4_0 Q3_K Q2_K Q2_0 Q1_0 MXFP4 NVFP4 TQ1_0 TQ2_0',
      'IQ4_NL IQ4_XS IQ3_S IQ3_XXS IQ2_S IQ2_XS IQ2_XXS IQ1_M IQ1_S',
    ]
    expect(PRESETS.toSorted()).toEqual(names.join(' ').split(' ').toSorted())
  })

  it('names the tensors that llama.cpp quantizes and that can be decoded', () => {
    const tensors = [
      tensor('attn_q', 'F16', true),
      tensor('attn_norm', 'F32', false),
      tensor('ffn_up', 'type 147 (unknown)', true),
    ]
    expect(presetChoices('Q4_K', tensors, 'reference')).toEqual({
      attn_q: { format: 'Q4_K', method: 'reference' },
    })
  })

  it('of an unknown name is refused with the names there are', () => {
    expect(errorOf(() => presetChoices('Q4_K_X', [], 'reference'))).toMatchObject({
      code: 'PRESET_UNKNOWN',
      expected: expect.stringContaining('Q4_K,') as string,
    })
  })
})
