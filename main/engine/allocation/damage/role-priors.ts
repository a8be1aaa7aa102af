import { metadataNumber } from '../../formats/metadata.ts'
import type { Model } from '../../formats/model.ts'
import { rowCount, weightCount, type Tensor } from '../../tensor/tensor.ts'

/**
 * Bits per weight that a role is worth more than the bulk of the matrices.
 *
 * Where the squared error falls by 4 with each bit, a budget is spent best when sensitivity x 4^-bits per weight is the same
 * everywhere; so one bit more for a tensor says that its weights matter four times as much. What people who tried found worth
 * how much is written in the presets of llama.cpp (their rules are in `presets/`), and these are the bits they spend, against
 * the base format, as a value inside their range where the presets of 2 to 5 bits differ (how it was chosen: README.md):
 *
 * - the output (and the embedding that serves as output) is Q6_K from Q3_K_S to Q5_K_S: 3.9 to 1.1 bits
 * - value and down matrices are 0.8 to 2.1 bits above the base in Q2_K, Q3_K_M and Q3_K_L, and 1 to 2 bits in half of the
 *   layers of Q4_K_M and Q5_K_M; a matrix that holds the values among others is treated as values
 * - the attention's output is 0.8 to 2.1 bits above in Q2_K, Q3_K_M, Q3_K_L and IQ3_M, and not at all from 4 bits on
 * - the embedding has the base format from 3.5 bits on, and 0.3 to 1.1 bits more below
 *
 * Query, key, gate and up matrices are the bulk. Roles without an entry are unknown to the presets, which give them the base
 * format; half a bit is between that and the protected ones.
 */
const EXTRA_BITS: ReadonlyMap<string, number> = new Map([
  ['output', 3],
  ['token_embd', 0.5],
  ['per_layer_token_embd', 0.5],
  ['attn_q', 0],
  ['attn_k', 0],
  ['attn_q_a', 0],
  ['attn_q_b', 0],
  ['attn_v', 0.75],
  ['attn_qkv', 0.75],
  ['attn_kv_a_mqa', 0.75],
  ['attn_kv_b', 0.75],
  ['attn_k_b', 0.75],
  ['attn_v_b', 0.75],
  ['attn_output', 0.5],
  ['ffn_gate', 0],
  ['ffn_up', 0],
  ['ffn_gate_up', 0],
  ['ffn_down', 0.75],
])

const UNKNOWN_ROLE_BITS = 0.5

/** First and last eighth of the layers: where the presets that vary by layer always spend more (value and down matrices). */
const EDGE_BITS = 0.75
const EDGE_ROLE = /^(ffn_|attn_v|attn_qkv|attn_kv_b)/

/** Experts of a layer, stacked or one by one, share the matrix's role. */
const EXPERT_SUFFIX = /_(exps|shexp|chexps)$/

/** Keys of experts in all and experts used for each token, as in GGUF and in the configuration of a Hugging Face folder. */
const EXPERT_KEYS = ['expert_count', 'num_local_experts', 'num_experts', 'n_routed_experts']
const USED_EXPERT_KEYS = ['expert_used_count', 'num_experts_per_tok']

type PriorModel = Pick<Model, 'tensors' | 'metadata' | 'architecture'>

/**
 * Guesses how much each quantizable tensor matters: damage per squared relative error, in no unit.
 *
 * A guess for models that nobody measured: weights in use for a token x 4^{bits its role is worth}, as a fraction of the
 * model's weights.
 *
 * - a relative error does as much harm in a large model's matrix as in a small one's, but the presets give matrices of one
 *   role and different size the same format: the weights count
 * - key and value rows that g query heads share count g times: each error is read g times (the presets, too, spend more on
 *   values when g >= 4)
 * - a token passes through some of the experts only, so a stack of experts counts as those
 * - expert matrices have the bits of their role: `ffn_down_exps` is a down matrix
 */
export function rolePriors(model: PriorModel): ReadonlyMap<string, number> {
  const tensors = model.tensors.filter((tensor) => tensor.quantizable)
  const total = tensors.reduce((sum, tensor) => sum + weightCount(tensor), 0)
  const traits = priorTraits(model, tensors)
  return new Map(
    tensors.map((tensor) => [
      tensor.name,
      (weightsInUse(tensor, traits) / total) * 4 ** extraBits(tensor, traits),
    ]),
  )
}

interface PriorTraits {
  readonly layers: number
  readonly isTied: boolean
  /** Fraction of the routed experts that a token passes through. */
  readonly usedExperts: number
  /** Rows of `attn_q` by layer. */
  readonly queryRows: ReadonlyMap<number | null, number>
}

function priorTraits(model: PriorModel, tensors: readonly Tensor[]): PriorTraits {
  const queries = tensors.filter(({ role }) => role === 'attn_q')
  return {
    layers: tensors.reduce((most, { layer }) => Math.max(most, (layer ?? -1) + 1), 0),
    isTied: !tensors.some(({ role }) => role === 'output'),
    usedExperts: usedExperts(model),
    queryRows: new Map(queries.map((tensor) => [tensor.layer, rowCount(tensor)])),
  }
}

function usedExperts(model: PriorModel): number {
  const [all, used] = [EXPERT_KEYS, USED_EXPERT_KEYS].map((keys) =>
    keys
      .flatMap((key) => [`${model.architecture}.${key}`, `config.${key}`, `config.text_config.${key}`])
      .map((key) => metadataNumber(model, key))
      .find((value) => value !== null && value > 0),
  )
  return all && used ? Math.min(1, used / all) : 1
}

function weightsInUse(tensor: Tensor, { usedExperts, queryRows }: PriorTraits): number {
  const weights = weightCount(tensor)
  if (tensor.role.endsWith('_exps')) return weights * usedExperts
  if (tensor.role !== 'attn_k' && tensor.role !== 'attn_v') return weights
  const shared = (queryRows.get(tensor.layer) ?? 0) / rowCount(tensor)
  return weights * Math.max(1, shared)
}

function extraBits({ role, layer }: Tensor, { isTied, layers }: PriorTraits): number {
  // Side towers have the roles of the main model behind a prefix: `enc.attn_q`.
  const own = role.slice(role.lastIndexOf('.') + 1).replace(EXPERT_SUFFIX, '')
  if (own === 'token_embd' && isTied) return EXTRA_BITS.get('output') ?? UNKNOWN_ROLE_BITS
  const eighth = Math.max(1, Math.floor(layers / 8))
  const isEdge = layer !== null && (layer < eighth || layer >= layers - eighth)
  return (EXTRA_BITS.get(own) ?? UNKNOWN_ROLE_BITS) + (isEdge && EDGE_ROLE.test(own) ? EDGE_BITS : 0)
}
