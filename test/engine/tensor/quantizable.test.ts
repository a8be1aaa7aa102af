import { describe, expect, test } from 'vitest'

import { isQuantizable } from '../../../main/engine/tensor/quantizable.ts'

const MATRIX = [256, 256]

test.each(['token_embd.weight', 'output.weight', 'blk.0.attn_q.weight', 'blk.0.ffn_gate_exps.weight'])(
  '%s is quantized',
  (name) => {
    expect(isQuantizable(name, MATRIX, 'F16')).toBe(true)
  },
)

describe('is kept', () => {
  test.each([
    'blk.0.attn_norm.weight',
    'blk.0.ffn_gate_inp.weight',
    'blk.0.ffn_gate_tid2eid.weight',
    'blk.0.altup_proj.weight',
    'blk.0.laurel_l.weight',
    'per_layer_model_proj.weight',
    'blk.0.ssm_conv1d.weight',
    'blk.0.shortconv.conv.weight',
    'blk.0.indexer.k_proj.weight',
    'blk.0.indexer.q_proj.weight',
    'blk.0.time_mix_first.weight',
    'blk.0.time_mix_w1.weight',
    'blk.0.time_mix_v2.weight',
    'blk.0.time_mix_a0.weight',
    'blk.0.time_mix_g2.weight',
    'blk.0.time_mix_decay_w1.weight',
    'blk.0.time_mix_lerp_fused.weight',
    'enc.blk.0.attn_rel_b.weight',
    'position_embd.weight',
    'token_types.weight',
    'v.position_embd.weight',
    'v.sam.pos_embd.weight',
    'v.sam.neck.0.weight',
    'v.patch_embd.weight',
    'a.rvq.codebook.weight',
    'mm.a.code_embd.weight',
    'blk.0.attn_q.bias',
    'blk.0.ssm_a',
  ])('%s', (name) => {
    expect(isQuantizable(name, MATRIX, 'F16')).toBe(false)
  })

  test.each([[[256]], [[256, 1]], [[1]], [[]], [[256, 0]]])('a tensor of shape %j', (shape) => {
    expect(isQuantizable('blk.0.attn_q.weight', shape, 'F16')).toBe(false)
  })

  test.each(['I32', 'U8', 'BOOL', 'type 139 (unknown)'])('a tensor of type %s', (type) => {
    expect(isQuantizable('blk.0.attn_q.weight', MATRIX, type)).toBe(false)
  })
})

test.each(['time_mix_key', 'time_mix_output', 'time_mix_receptance'])(
  'the matrix %s is quantized',
  (role) => {
    expect(isQuantizable(`blk.0.${role}.weight`, MATRIX, 'F16')).toBe(true)
  },
)

test('a stack of experts with rows of one weight is quantized, as ggml counts dimensions', () => {
  expect(isQuantizable('blk.0.ffn_up_exps.weight', [256, 1, 8], 'F16')).toBe(true)
})
