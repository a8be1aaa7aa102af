import { describe, expect, it } from 'vitest'
import { openShape, requested } from '../../../support/preset-formats.ts'
import * as shapes from '../../../support/model-shapes.ts'
import { TemporaryFolder } from '../../../support/temporary-folder.ts'

const folder = new TemporaryFolder()

/** Formats of some roles of one layer, in the order of the roles. */
function layerFormats(formats: ReadonlyMap<string, string>, layer: number, roles: string): string {
  return roles
    .split(' ')
    .map((role) => formats.get(`blk.${layer}.${role}.weight`) ?? 'none')
    .join(' ')
}

describe('presets of a model with eight experts', () => {
  const model = openShape(folder, shapes.MIXTRAL)
  const ATTENTION = 'attn_q attn_k attn_v attn_output'

  it.each([
    ['Q4_K_M', 'Q4_K Q8_0 Q8_0 Q5_K'],
    ['Q5_K_M', 'Q5_K Q8_0 Q8_0 Q5_K'],
    ['Q6_K', 'Q6_K Q8_0 Q8_0 Q6_K'],
    ['Q3_K_L', 'Q3_K Q8_0 Q8_0 Q3_K'],
    ['IQ3_XXS', 'IQ2_S Q8_0 Q8_0 Q5_K'],
    ['IQ2_XS', 'IQ2_XS Q4_K Q4_K Q5_K'],
  ])('keep more of the attention in %s', (preset, expected) => {
    expect(layerFormats(requested(model, { preset }), 7, ATTENTION)).toBe(expected)
  })

  it('leave the router alone', () => {
    expect(requested(model, { preset: 'Q4_K_M' }).has('blk.0.ffn_gate_inp.weight')).toBe(false)
  })

  it('favour layers of the experts too in IQ3_M', () => {
    const formats = requested(model, { preset: 'IQ3_M' })
    expect([3, 4, 6].map((layer) => formats.get(`blk.${layer}.ffn_down_exps.weight`))).toEqual(['Q4_K', 'IQ3_S', 'Q4_K']) // prettier-ignore
  })

  it('make MXFP4_MOE of the experts and Q8_0 of the rest', () => {
    const formats = requested(model, { preset: 'MXFP4_MOE' })
    expect(layerFormats(formats, 0, 'ffn_down_exps ffn_up_exps attn_q attn_v')).toBe('MXFP4 MXFP4 Q8_0 Q8_0')
    expect([formats.get('token_embd.weight'), formats.get('output.weight')]).toEqual(['Q8_0', 'Q8_0'])
  })
})

describe('presets of a model with dense layers before its experts', () => {
  const model = openShape(folder, shapes.PARTLY_DENSE)

  it('take the layer from the name', () => {
    const formats = requested(model, { preset: 'Q4_K_M' })
    expect(formats.get('blk.4.ffn_down_exps.weight')).toBe('Q6_K')
    expect(formats.get('blk.3.ffn_down_exps.weight')).toBe('Q4_K')
  })

  it('treat values as shared from four experts on below three bits', () => {
    expect(layerFormats(requested(model, { preset: 'IQ2_M' }), 5, 'attn_v attn_k')).toBe('Q4_K IQ2_S')
  })
})

describe('presets of Falcon', () => {
  const model = openShape(folder, shapes.FALCON)
  const ROLES = 'attn_qkv attn_output ffn_up ffn_down'

  it.each([
    ['Q4_K_M', 0, 'Q6_K Q4_K Q4_K Q6_K'],
    ['Q4_K_M', 3, 'Q6_K Q4_K Q4_K Q5_K'],
    ['Q4_K_M', 4, 'Q4_K Q4_K Q4_K Q4_K'],
    ['Q3_K_M', 4, 'Q4_K Q3_K Q3_K Q3_K'],
    ['Q3_K_L', 4, 'Q5_K Q4_K Q3_K Q4_K'],
    ['Q4_K_S', 0, 'Q5_K Q4_K Q4_K Q4_K'],
  ])('in %s, layer %i, spare other matrices', (preset, layer, expected) => {
    expect(layerFormats(requested(model, { preset }), layer, ROLES)).toBe(expected)
  })

  it('keep the output at Q8_0', () => {
    expect(requested(model, { preset: 'IQ2_XXS' }).get('output.weight')).toBe('Q8_0')
  })
})

describe('presets of models with one matrix for query, key and value', () => {
  it('treat it as a value matrix, as llama.cpp does since the emulated revision', () => {
    const model = openShape(folder, shapes.FUSED)
    const formats = requested(model, { preset: 'Q5_K_M' })
    expect([0, 4].map((layer) => formats.get(`blk.${layer}.attn_qkv.weight`))).toEqual(['Q6_K', 'Q5_K'])
    expect(requested(model, { preset: 'Q3_K_L' }).get('blk.9.attn_qkv.weight')).toBe('Q5_K')
  })
})

describe('presets of a model with latent attention', () => {
  const model = openShape(folder, shapes.LATENT)

  it('treat attn_kv_b as a value matrix and leave the other low-rank matrices at the base format', () => {
    const formats = requested(model, { preset: 'Q4_K_M' })
    expect(layerFormats(formats, 8, 'attn_kv_b attn_q_a attn_q_b attn_kv_a_mqa')).toBe('Q6_K Q4_K Q4_K Q4_K')
    expect(layerFormats(formats, 1, 'attn_k_b attn_v_b')).toBe('Q4_K Q4_K')
  })

  it('count shared and routed experts as layers of their own below three bits', () => {
    const formats = requested(model, { preset: 'IQ2_XS' })
    expect(layerFormats(formats, 0, 'ffn_down')).toBe('Q2_K')
    expect(layerFormats(formats, 1, 'ffn_down_exps ffn_down_shexp')).toBe('IQ2_XS IQ2_XS')
  })
})

describe('presets of models with 80 layers', () => {
  const third = (shape: Parameters<typeof openShape>[1], preset: string) =>
    requested(openShape(folder, shape), { preset }).get('blk.20.attn_v.weight')

  it('give shared values Q5_K where they would get Q3_K or Q4_K', () => {
    expect(third(shapes.LLAMA_70B, 'Q4_K_S')).toBe('Q5_K')
    expect(third(shapes.LLAMA_70B, 'Q3_K_S')).toBe('Q5_K')
    expect(third(shapes.LLAMA_70B, 'Q2_K')).toBe('Q5_K')
    expect(third(shapes.LLAMA_70B, 'Q5_K_S')).toBe('Q5_K')
    expect(third(shapes.QWEN2_72B, 'Q4_K_S')).toBe('Q5_K')
  })

  it('do not where every query head has its own values', () => {
    expect(third(shapes.LLAMA_65B, 'Q4_K_S')).toBe('Q4_K')
  })
})

describe('presets of a model whose embedding is the output', () => {
  const model = openShape(folder, shapes.TIED)

  it.each([
    ['Q4_K_M', 'Q6_K'],
    ['Q4_0', 'Q6_K'],
    ['TQ1_0', 'Q6_K'],
    ['IQ3_XXS', 'Q5_K'],
    ['Q8_0', 'Q8_0'],
    ['MXFP4_MOE', 'Q8_0'],
    ['BF16', 'BF16'],
  ])('treat it in %s as the output: %s', (preset, expected) => {
    expect(requested(model, { preset }).get('token_embd.weight')).toBe(expected)
  })
})

describe('presets of a dense model', () => {
  const model = openShape(folder, { ...shapes.TIED, tied: false, layers: 16 })
  const of = (preset: string, name: string, hasImportance = false) =>
    requested(model, { preset, hasImportance }).get(name)

  it.each([
    ['IQ2_XXS', 'Q2_K'],
    ['IQ2_M', 'IQ3_S'],
    ['IQ3_XXS', 'IQ3_S'],
    ['TQ2_0', 'Q4_K'],
    ['Q2_0', 'Q4_K'],
    ['Q1_0', 'Q1_0'],
    ['Q4_K_M', 'Q4_K'],
  ])('store the embedding in %s as %s', (preset, expected) => {
    expect(of(preset, 'token_embd.weight')).toBe(expected)
  })

  it('spend bits differently when there is an imatrix', () => {
    const down = (preset: string, hasImportance: boolean) =>
      of(preset, 'blk.0.ffn_down.weight', hasImportance)
    expect([down('Q4_0', false), down('Q4_0', true)]).toEqual(['Q4_0', 'Q4_1'])
    expect([down('Q5_0', false), down('Q5_0', true)]).toEqual(['Q5_0', 'Q5_1'])
    expect([down('IQ4_XS', false), down('IQ4_XS', true)]).toEqual(['Q5_K', 'IQ4_XS'])
    expect([down('IQ3_XXS', false), down('IQ3_XXS', true)]).toEqual(['Q4_K', 'IQ3_XXS'])
  })

  it('make the middle layers of gate and up smaller in IQ3_XS', () => {
    const up = [1, 2, 13, 14].map((layer) => of('IQ3_XS', `blk.${layer}.ffn_up.weight`))
    expect(up).toEqual(['IQ3_S', 'IQ3_XXS', 'IQ3_XXS', 'IQ3_S'])
  })
})
