import { describe, expect, it } from 'vitest'
import { isValueLike, presetRole } from '../../../../main/engine/allocation/presets/roles.ts'

describe('the role that presets see', () => {
  it.each([
    ['output.weight', 'output'],
    ['output_norm.weight', 'other'],
    ['token_embd.weight', 'embedding'],
    ['per_layer_token_embd.weight', 'embedding'],
    ['blk.0.attn_qkv.weight', 'fusedQueryKeyValue'],
    ['blk.0.attn_kv_b.weight', 'latentKeyValue'],
    ['blk.0.attn_v.weight', 'value'],
    ['blk.0.attn_k.weight', 'key'],
    ['blk.0.attn_q.weight', 'query'],
    ['blk.0.attn_output.weight', 'attentionOutput'],
    ['blk.0.ffn_up.weight', 'up'],
    ['blk.0.ffn_gate_up_exps.weight', 'gate'],
    ['blk.0.ffn_down_shexp.weight', 'down'],
    ['blk.0.ffn_down.3.weight', 'down'],
    ['dec.blk.2.cross_attn_v.weight', 'value'],
    ['blk.0.attn_q_a.weight', 'other'],
    ['blk.0.attn_k_b.weight', 'other'],
    ['blk.0.attn_v_b.weight', 'other'],
    ['blk.0.attn_gate.weight', 'other'],
    ['blk.0.ssm_in.weight', 'other'],
    ['blk.0.nextn.eh_proj.weight', 'other'],
  ])('of %s is %s', (name, role) => {
    expect(presetRole(name)).toBe(role)
  })

  it('makes fused and latent matrices value-like', () => {
    expect(
      ['value', 'fusedQueryKeyValue', 'latentKeyValue'].every((role) => isValueLike(role as never)),
    ).toBe(true)
    expect(isValueLike('key')).toBe(false)
  })
})
