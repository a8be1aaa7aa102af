/** The roles that preset rules tell apart; all other tensors have none. */
export type PresetRole =
  | 'output'
  | 'embedding'
  | 'fusedQueryKeyValue'
  | 'latentKeyValue'
  | 'value'
  | 'key'
  | 'query'
  | 'attentionOutput'
  | 'up'
  | 'gate'
  | 'down'
  | 'other'

const BY_NAME: ReadonlyMap<string, PresetRole> = new Map([
  ['output.weight', 'output'],
  ['token_embd.weight', 'embedding'],
  ['per_layer_token_embd.weight', 'embedding'],
])

/** The first part that a name holds decides: a fused `ffn_gate_up_exps` is a gate. */
const BY_PART: readonly (readonly [part: string, role: PresetRole])[] = [
  ['attn_qkv.weight', 'fusedQueryKeyValue'],
  ['attn_kv_b.weight', 'latentKeyValue'],
  ['attn_v.weight', 'value'],
  ['attn_k.weight', 'key'],
  ['attn_q.weight', 'query'],
  ['attn_output.weight', 'attentionOutput'],
  ['ffn_up', 'up'],
  ['ffn_gate', 'gate'],
  ['ffn_down', 'down'],
]

/**
 * The role that llama.cpp reads off a tensor's name.
 *
 * @param name in GGUF spelling
 * @see llama-quant.cpp, tensor_get_category
 */
export function presetRole(name: string): PresetRole {
  return BY_NAME.get(name) ?? BY_PART.find(([part]) => name.includes(part))?.[1] ?? 'other'
}

/**
 * Whether the rules of the value matrix apply.
 *
 * Since the emulated revision they apply to fused matrices too; up to 8784689f `attn_qkv` had rules of its own (Q4_K in
 * Q3_K_M, Q3_K_L and IQ3_M, Q5_K in Q4_K_M, Q6_K in Q5_K_M) and `attn_kv_b` kept the base format.
 */
export function isValueLike(role: PresetRole): boolean {
  return role === 'value' || role === 'fusedQueryKeyValue' || role === 'latentKeyValue'
}
