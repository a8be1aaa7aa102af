import { describe, expect, test } from 'vitest'

import { parseTensorName } from '../../../main/engine/tensor/tensor-name.ts'

describe('a GGUF name', () => {
  test.each([
    ['token_embd.weight', null, 'token_embd'],
    ['output.weight', null, 'output'],
    ['rope_freqs.weight', null, 'rope_freqs'],
    ['blk.0.attn_q.weight', 0, 'attn_q'],
    ['blk.11.attn_q.bias', 11, 'attn_q.bias'],
    ['blk.127.ffn_gate_exps.weight', 127, 'ffn_gate_exps'],
    ['blk.3.ffn_down.7.weight', 3, 'ffn_down_exps'],
    ['blk.2.ssm_a', 2, 'ssm_a'],
    ['blk.5.nextn.eh_proj.weight', 5, 'nextn.eh_proj'],
    ['enc.blk.4.attn_rel_b.weight', 4, 'enc.attn_rel_b'],
    ['v.blk.9.attn_out.weight', 9, 'v.attn_out'],
    ['v.patch_embd.weight', null, 'v.patch_embd'],
    ['blk.attn_q.weight', null, 'blk.attn_q'],
  ])('%s is in layer %s with role %s', (name, layer, role) => {
    expect(parseTensorName(name, 'llama')).toMatchObject({ canonicalName: name, layer, role })
  })
})

describe('a Hugging Face name', () => {
  test.each([
    ['model.embed_tokens.weight', 'token_embd.weight'],
    ['model.norm.weight', 'output_norm.weight'],
    ['lm_head.weight', 'output.weight'],
    ['model.layers.0.input_layernorm.weight', 'blk.0.attn_norm.weight'],
    ['model.layers.31.self_attn.q_proj.weight', 'blk.31.attn_q.weight'],
    ['model.layers.31.self_attn.q_proj.bias', 'blk.31.attn_q.bias'],
    ['model.layers.2.self_attn.o_proj.weight', 'blk.2.attn_output.weight'],
    ['model.layers.2.self_attn.k_norm.weight', 'blk.2.attn_k_norm.weight'],
    ['model.layers.1.mlp.down_proj.weight', 'blk.1.ffn_down.weight'],
    ['model.layers.1.mlp.gate.weight', 'blk.1.ffn_gate_inp.weight'],
    ['model.layers.1.block_sparse_moe.gate.weight', 'blk.1.ffn_gate_inp.weight'],
    ['model.layers.1.mlp.experts.17.up_proj.weight', 'blk.1.ffn_up_exps.weight'],
    ['model.layers.1.block_sparse_moe.experts.3.w2.weight', 'blk.1.ffn_down_exps.weight'],
    ['model.layers.1.mlp.shared_expert.gate_proj.weight', 'blk.1.ffn_gate_shexp.weight'],
    ['model.layers.1.mlp.shared_expert_gate.weight', 'blk.1.ffn_gate_inp_shexp.weight'],
    ['language_model.model.layers.4.self_attn.v_proj.weight', 'blk.4.attn_v.weight'],
    ['model.language_model.layers.4.self_attn.v_proj.weight', 'blk.4.attn_v.weight'],
    ['model.layers.4.something.new.weight', 'blk.4.something.new.weight'],
    ['vision_tower.encoder.weight', 'vision_tower.encoder.weight'],
  ])('%s means %s', (name, canonicalName) => {
    expect(parseTensorName(name, 'llama').canonicalName).toBe(canonicalName)
  })

  test.each([
    ['llama', 'post_attention_layernorm', 'ffn_norm'],
    ['qwen2', 'post_attention_layernorm', 'ffn_norm'],
    ['gemma2', 'post_attention_layernorm', 'post_attention_norm'],
    ['gemma3_text', 'pre_feedforward_layernorm', 'ffn_norm'],
    ['gemma3_text', 'post_feedforward_layernorm', 'post_ffw_norm'],
  ])('of %s calls %s the role %s', (family, stem, role) => {
    expect(parseTensorName(`model.layers.0.${stem}.weight`, family).role).toBe(role)
  })
})

test.each([
  ['model.layers.1.mlp.experts.17.up_proj.weight', 17],
  ['blk.3.ffn_down.7.weight', 7],
  ['blk.3.ffn_down_exps.weight', null],
  ['blk.3.ffn_down.weight', null],
])('%s is expert %s', (name, expert) => {
  expect(parseTensorName(name, 'mixtral').expert).toBe(expert)
})
