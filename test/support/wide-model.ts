import { writeFileSync } from 'node:fs'
import { buildGguf, type BuiltTensor } from './gguf-builder.ts'

const F16 = 1
const LAYERS = 100
const EXPERTS = 64
const ATTENTION = ['attn_q', 'attn_k', 'attn_v', 'attn_output']
const EXPERT_ROLES = ['ffn_gate', 'ffn_up', 'ffn_down']
const SHAPE = [32, 2]

/** Halves near 1 with a different one in every place, so that every tensor has its own error. */
function weights(seed: number): Uint8Array {
  const halves = Uint16Array.from({ length: 64 }, (_, index) => 0x3800 + ((seed * 131 + index * 977) % 1024))
  return new Uint8Array(halves.buffer)
}

/**
 * A model with as many tensors as the largest that people open: 100 layers of a mixture of 64 experts in the old,
 * unstacked form, 19,600 matrices and 400 norms. Tiny weights, so that it is written and measured in seconds.
 *
 * @returns the number of tensors
 */
export function writeWideModel(path: string): number {
  const tensors: BuiltTensor[] = []
  const add = (name: string): unknown =>
    tensors.push({ name: `${name}.weight`, shape: SHAPE, typeId: F16, data: weights(tensors.length) })
  for (let layer = 0; layer < LAYERS; layer += 1) {
    for (const role of ATTENTION) add(`blk.${layer}.${role}`)
    for (const role of EXPERT_ROLES) {
      for (let expert = 0; expert < EXPERTS; expert += 1) add(`blk.${layer}.${role}.${expert}`)
    }
    for (const norm of ['attn_norm', 'ffn_norm', 'attn_q_norm', 'attn_k_norm']) add(`blk.${layer}.${norm}`)
  }
  const metadata = [
    ['general.architecture', 'string', 'llama'],
    ['general.name', 'string', 'wide'],
    ['llama.block_count', 'u32', LAYERS],
  ] as const
  writeFileSync(path, buildGguf({ metadata, tensors }))
  return tensors.length
}
