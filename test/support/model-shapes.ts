import { attention, expertStacks, feedForward, matrix, vector } from './shaped-model.ts'
import type { ModelShape } from './shaped-model.ts'

/** 292 tensors with the one-dimensional `rope_freqs`. */
export const LLAMA_3_1_8B: ModelShape = {
  architecture: 'llama',
  layers: 32,
  width: 4096,
  feedForward: 14_336,
  heads: 32,
  groups: 8,
  vocabulary: 128_256,
  extra: [vector('rope_freqs', 64)],
}

/** Rows of 896 and 4864 weights: no multiples of 256 but in `ffn_down`. */
export const QWEN2_5_0_5B: ModelShape = {
  architecture: 'qwen2',
  layers: 24,
  width: 896,
  feedForward: 4864,
  heads: 14,
  groups: 2,
  vocabulary: 151_936,
  tied: true,
}

const SMALL = { width: 512, feedForward: 1024, vocabulary: 256 }

/** A llama of 80 layers that share values among heads. */
export const LLAMA_70B: ModelShape = { architecture: 'llama', layers: 80, heads: 8, groups: 1, ...SMALL }

/** A llama of 80 layers with a value head for every query head. */
export const LLAMA_65B: ModelShape = { architecture: 'llama', layers: 80, heads: 8, groups: 8, ...SMALL }

export const QWEN2_72B: ModelShape = { architecture: 'qwen2', layers: 80, heads: 8, groups: 2, ...SMALL }

export const TIED: ModelShape = {
  architecture: 'llama',
  layers: 24,
  heads: 8,
  groups: 4,
  tied: true,
  ...SMALL,
}

/** Heads given layer by layer: the first layer speaks for all. */
export const HEADS_BY_LAYER: ModelShape = {
  architecture: 'llama',
  layers: 8,
  heads: 8,
  groups: 1,
  ...SMALL,
  metadata: [
    ['llama.attention.head_count_kv', 'array', { elementType: 'u32', elements: [1, 8, 8, 8, 8, 8, 8, 8] }],
  ],
}

const withExperts =
  (experts: number) =>
  (shape: ModelShape): ReturnType<typeof expertStacks> => [
    ...attention(shape),
    ...expertStacks(shape, experts),
  ]

/** Eight experts in every layer. */
export const MIXTRAL: ModelShape = {
  architecture: 'llama',
  layers: 32,
  heads: 8,
  groups: 2,
  ...SMALL,
  matrices: withExperts(8),
  metadata: [
    ['llama.expert_count', 'u32', 8],
    ['llama.expert_used_count', 'u32', 2],
  ],
}

/** Four experts, and the first layers dense, so that counters and layers part. */
export const PARTLY_DENSE: ModelShape = {
  architecture: 'llama',
  layers: 16,
  heads: 8,
  groups: 8,
  ...SMALL,
  matrices: (shape, layer) =>
    layer < 3 ? [...attention(shape), ...feedForward(shape)] : withExperts(4)(shape),
  metadata: [
    ['llama.expert_count', 'u32', 4],
    ['llama.expert_used_count', 'u32', 2],
  ],
}

/** One matrix for query, key and value; no gate. */
export const FALCON: ModelShape = {
  architecture: 'falcon',
  layers: 32,
  heads: 8,
  groups: 1,
  ...SMALL,
  matrices: ({ width, feedForward: inner, heads }) => [
    matrix('attn_qkv', width, width + (2 * width) / heads),
    matrix('attn_output', width, width),
    matrix('ffn_up', width, inner),
    matrix('ffn_down', inner, width),
  ],
}

/** As Falcon, without being called so, and with an output of its own. */
export const FUSED: ModelShape = { ...FALCON, architecture: 'phi2', groups: 8 }

/** Latent attention: `attn_kv_b` is value-like, the other low-rank matrices have no role; one more layer predicts ahead. */
export const LATENT: ModelShape = {
  architecture: 'deepseek2',
  layers: 9,
  heads: 8,
  groups: 1,
  ...SMALL,
  matrices: ({ width, feedForward: inner, heads }, layer) => [
    matrix('attn_q_a', width, 256),
    matrix('attn_q_b', 256, heads * 96),
    matrix('attn_kv_a_mqa', width, 288),
    ...(layer % 2 === 0
      ? [matrix('attn_kv_b', 256, heads * 128)]
      : [matrix('attn_k_b', 64, 256, heads), matrix('attn_v_b', 256, 64, heads)]),
    matrix('attn_output', heads * 64, width),
    ...(layer === 0
      ? [matrix('ffn_gate', width, inner), matrix('ffn_up', width, inner), matrix('ffn_down', inner, width)]
      : [
          ...withExperts(6)({ ...SMALL, architecture: '', layers: 0, heads, groups: 1 }).slice(4),
          matrix('ffn_gate_shexp', width, 256),
          matrix('ffn_up_shexp', width, 256),
          matrix('ffn_down_shexp', 256, width),
        ]),
  ],
  metadata: [
    ['deepseek2.expert_count', 'u32', 6],
    ['deepseek2.expert_used_count', 'u32', 2],
    ['deepseek2.expert_shared_count', 'u32', 1],
    ['deepseek2.expert_feed_forward_length', 'u32', 256],
    ['deepseek2.leading_dense_block_count', 'u32', 1],
    ['deepseek2.attention.q_lora_rank', 'u32', 256],
    ['deepseek2.attention.kv_lora_rank', 'u32', 256],
    ['deepseek2.attention.key_length', 'u32', 96],
    ['deepseek2.attention.value_length', 'u32', 64],
    ['deepseek2.rope.dimension_count', 'u32', 32],
    ['deepseek2.expert_weights_scale', 'f32', 1],
  ],
}
