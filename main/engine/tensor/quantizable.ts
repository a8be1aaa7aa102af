import { typeByName } from './type-geometry.ts'

/** Tensors whose names hold one of these keep their stored type: llama-quant.cpp `tensor_allows_quantization`. */
const KEPT_PARTS = [
  '_norm.weight',
  'ffn_gate_inp.weight',
  'ffn_gate_tid2eid.weight',
  'altup',
  'laurel',
  'per_layer_model_proj',
  'ssm_conv1d',
  'shortconv.conv.weight',
  'indexer.k_proj.weight',
  'indexer.q_proj.weight',
  'attn_rel_b.weight',
  '.position_embd',
  'sam.pos_embd',
  'sam.neck.',
  'sam.net_',
  '.rel_pos',
  '.patch_embd',
  '.patch_merger',
  'a.rvq.codebook',
  'mm.a.code_embd',
]

const KEPT_TIME_MIX = /time_mix_(first|[wva][012]|g[12]|decay_w[12]|lerp_fused)\.weight/

/** Every architecture's position and token-type embeddings. */
const KEPT_NAMES = new Set(['position_embd.weight', 'token_types.weight'])

/** Dimensions without trailing ones, as ggml counts them. */
function dimensionCount(shape: readonly number[]): number {
  return shape.findLastIndex((size) => size !== 1) + 1
}

/**
 * Whether llama.cpp's quantizer would touch a tensor.
 *
 * @param canonicalName GGUF spelling
 * @param shape         ggml order
 * @param type          stored type
 */
export function isQuantizable(canonicalName: string, shape: readonly number[], type: string): boolean {
  const kind = typeByName(type)?.kind
  if (kind !== 'float' && kind !== 'quantized') return false
  if (shape.includes(0) || dimensionCount(shape) < 2) return false
  if (!canonicalName.endsWith('weight') || KEPT_NAMES.has(canonicalName)) return false
  return !KEPT_TIME_MIX.test(canonicalName) && !KEPT_PARTS.some((part) => canonicalName.includes(part))
}
