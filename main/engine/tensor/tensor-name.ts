/** What a tensor's name says about its place in the model. */
export interface TensorPlace {
  /** The GGUF spelling; equal to the name where it is one already or has no equivalent. */
  readonly canonicalName: string
  readonly layer: number | null
  /** The canonical name without layer and `.weight`. */
  readonly role: string
  /** Number of an expert that is stored as a tensor of its own. */
  readonly expert: number | null
}

/** Hugging Face names outside the layers. */
const GLOBAL_NAMES: Readonly<Record<string, string>> = {
  embed_tokens: 'token_embd',
  norm: 'output_norm',
  lm_head: 'output',
  embed_positions: 'position_embd',
}

/** Hugging Face names inside a layer; families that differ are below. */
const LAYER_NAMES: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.qkv_proj': 'attn_qkv',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'self_attn.sinks': 'attn_sinks',
  'self_attn.q_a_proj': 'attn_q_a',
  'self_attn.q_b_proj': 'attn_q_b',
  'self_attn.q_a_layernorm': 'attn_q_a_norm',
  'self_attn.kv_a_proj_with_mqa': 'attn_kv_a_mqa',
  'self_attn.kv_a_layernorm': 'attn_kv_a_norm',
  'self_attn.kv_b_proj': 'attn_kv_b',
  post_attention_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  'mlp.gate_up_proj': 'ffn_up',
  'mlp.gate': 'ffn_gate_inp',
  'mlp.router': 'ffn_gate_inp',
  'mlp.gate.e_score_correction_bias': 'exp_probs_b',
  'mlp.shared_expert_gate': 'ffn_gate_inp_shexp',
  'block_sparse_moe.gate': 'ffn_gate_inp',
  'mlp.experts.gate_up_proj': 'ffn_gate_up_exps',
  'mlp.experts.down_proj': 'ffn_down_exps',
}

/** The norm before the feed-forward part has its own name in Gemma 2 and 3, where two norms follow the attention. */
const FOUR_NORM_NAMES: Readonly<Record<string, string>> = {
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
}

const EXPERT_PARTS: Readonly<Record<string, string>> = {
  w1: 'gate',
  gate_proj: 'gate',
  w2: 'down',
  down_proj: 'down',
  w3: 'up',
  up_proj: 'up',
}

const SUFFIX = /\.(weight|bias)$/
const HF_LAYER = /^(?:model\.|transformer\.)?(?:language_model\.)?(?:model\.)?layers\.(\d+)\.(.+)$/
const HF_GLOBAL = /^(?:model\.|transformer\.)?(?:language_model\.)?(?:model\.)?([a-z_]+)$/
const HF_EXPERT = /^(?:mlp|block_sparse_moe)\.experts\.(\d+)\.(\w+)$/
const HF_SHARED_EXPERT = /^mlp\.shared_experts?\.(\w+)$/
const GGUF_LAYER = /^((?:[a-z_]+\.)*)blk\.(\d+)\.(.+)$/
const GGUF_EXPERT = /^(ffn_(?:gate|up|down))\.(\d+)$/

/** The GGUF name of a Hugging Face stem inside a layer, experts without their number. */
function layerStem(stem: string, family: string | null): string {
  const expert = HF_EXPERT.exec(stem)?.[2]
  if (expert !== undefined) return `ffn_${EXPERT_PARTS[expert] ?? expert}_exps`
  const shared = HF_SHARED_EXPERT.exec(stem)?.[1]
  if (shared !== undefined) return `ffn_${EXPERT_PARTS[shared] ?? shared}_shexp`
  const fourNorms = family !== null && /^gemma[23]/.test(family) ? FOUR_NORM_NAMES[stem] : undefined
  return fourNorms ?? LAYER_NAMES[stem] ?? stem
}

/** A Hugging Face name in GGUF spelling; names without an equivalent come back as they are. */
function ggufName(name: string, family: string | null): string {
  const suffix = SUFFIX.exec(name)?.[0] ?? ''
  const stem = suffix === '' ? name : name.slice(0, -suffix.length)
  const [, layer, rest] = HF_LAYER.exec(stem) ?? []
  if (layer !== undefined && rest !== undefined) return `blk.${layer}.${layerStem(rest, family)}${suffix}`
  const global = GLOBAL_NAMES[HF_GLOBAL.exec(stem)?.[1] ?? '']
  return global === undefined ? name : `${global}${suffix}`
}

/**
 * Reads layer and role off a GGUF or Hugging Face name.
 *
 * Roles keep the prefix of side towers (`enc.attn_q`, `v.attn_q`). Experts stored one by one share the role of the
 * stacked tensor (`ffn_up_exps`), so that a layer has one place for them.
 *
 * @param family architecture of the model, which decides what a norm is called; null when unknown
 */
export function parseTensorName(name: string, family: string | null): TensorPlace {
  const canonicalName = ggufName(name, family)
  const [, prefix, layer, rest] = GGUF_LAYER.exec(canonicalName) ?? []
  if (layer === undefined || rest === undefined) {
    return { canonicalName, layer: null, role: canonicalName.replace(/\.weight$/, ''), expert: null }
  }
  const stem = rest.replace(/\.weight$/, '')
  const role = `${prefix}${stem.replace(GGUF_EXPERT, '$1_exps')}`
  return {
    canonicalName,
    layer: Number(layer),
    role,
    expert: role.endsWith('_exps') ? expertNumber(name, stem) : null,
  }
}

function expertNumber(name: string, stem: string): number | null {
  const inner = HF_LAYER.exec(name.replace(SUFFIX, ''))?.[2] ?? ''
  const number = GGUF_EXPERT.exec(stem)?.[2] ?? HF_EXPERT.exec(inner)?.[1]
  return number === undefined ? null : Number(number)
}
