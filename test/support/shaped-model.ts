import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { typeById } from '../../main/engine/tensor/type-geometry.ts'
import { buildGguf } from './gguf-builder.ts'
import type { BuiltEntry, BuiltTensor } from './gguf-builder.ts'

const F16 = 1
const F32 = 0

/** The measures of a transformer; its weights take no room on the disk. */
export interface ModelShape {
  readonly architecture: string
  readonly layers: number
  readonly width: number
  readonly feedForward: number
  readonly heads: number
  readonly groups: number
  readonly vocabulary: number
  /** Values per head; width / heads when absent. */
  readonly headSize?: number
  /** The embedding is the output too. */
  readonly tied?: boolean
  /** Matrices of one layer, `attn_q` first, instead of those of a dense llama. */
  readonly matrices?: (shape: ModelShape, layer: number) => readonly BuiltTensor[]
  readonly metadata?: readonly BuiltEntry[]
  readonly extra?: readonly BuiltTensor[]
}

export const matrix = (name: string, ...shape: readonly number[]): BuiltTensor => ({
  name: `${name}.weight`,
  shape,
  typeId: F16,
})

export const vector = (name: string, length: number): BuiltTensor => ({
  name: `${name}.weight`,
  shape: [length],
  typeId: F32,
})

/** Query, key, value and output matrices, with grouped heads. */
export function attention(shape: ModelShape): BuiltTensor[] {
  const { width, heads, groups, headSize = width / heads } = shape
  return [
    matrix('attn_q', width, heads * headSize),
    matrix('attn_k', width, groups * headSize),
    matrix('attn_v', width, groups * headSize),
    matrix('attn_output', heads * headSize, width),
  ]
}

/** Gate, up and down matrices. */
export function feedForward({ width, feedForward: inner }: ModelShape): BuiltTensor[] {
  return [matrix('ffn_gate', width, inner), matrix('ffn_up', width, inner), matrix('ffn_down', inner, width)]
}

/** Gate, up and down of all experts, and the router. */
export function expertStacks({ width, feedForward: inner }: ModelShape, experts: number): BuiltTensor[] {
  return [
    { ...matrix('ffn_gate_inp', width, experts), typeId: F32 },
    matrix('ffn_gate_exps', width, inner, experts),
    matrix('ffn_up_exps', width, inner, experts),
    matrix('ffn_down_exps', inner, width, experts),
  ]
}

const dense = (shape: ModelShape) => [...attention(shape), ...feedForward(shape)]

export function shapedTensors(shape: ModelShape): BuiltTensor[] {
  const { layers, width, vocabulary, tied = false, matrices = dense, extra = [] } = shape
  const blocks = Array.from({ length: layers }, (_, layer) =>
    [vector('attn_norm', width), vector('ffn_norm', width), ...matrices(shape, layer)].map((tensor) => ({
      ...tensor,
      name: `blk.${layer}.${tensor.name}`,
    })),
  )
  const output = tied ? [] : [matrix('output', width, vocabulary)]
  return [
    matrix('token_embd', width, vocabulary),
    ...blocks.flat(),
    vector('output_norm', width),
    ...output,
    ...extra,
  ]
}

/** A GGUF of a shape in a folder: a header, and a hole where the weights would be. */
export function writeShapedModel(folder: string, shape: ModelShape): string {
  const tensors = shapedTensors(shape)
  const header = buildGguf({ metadata: shapedMetadata(shape), tensors, headerOnly: true })
  const path = join(folder, `${shape.architecture}-${shape.layers}-${shape.width}.gguf`)
  const file = openSync(path, 'w')
  try {
    writeSync(file, header)
    ftruncateSync(file, header.length + tensors.reduce((sum, tensor) => sum + paddedBytes(tensor), 0))
  } finally {
    closeSync(file)
  }
  return path
}

function shapedMetadata(shape: ModelShape): BuiltEntry[] {
  const { architecture, layers, width, feedForward: inner, heads, groups, vocabulary } = shape
  const entries: BuiltEntry[] = [
    ['general.architecture', 'string', architecture],
    ['general.file_type', 'u32', 1],
    [`${architecture}.block_count`, 'u32', layers],
    [`${architecture}.context_length`, 'u32', 2048],
    [`${architecture}.embedding_length`, 'u32', width],
    [`${architecture}.feed_forward_length`, 'u32', inner],
    [`${architecture}.attention.head_count`, 'u32', heads],
    [`${architecture}.attention.head_count_kv`, 'u32', groups],
    [`${architecture}.attention.layer_norm_rms_epsilon`, 'f32', 1e-5],
    [`${architecture}.attention.layer_norm_epsilon`, 'f32', 1e-5],
    [`${architecture}.vocab_size`, 'u32', vocabulary],
    ['tokenizer.ggml.model', 'string', 'no_vocab'],
  ]
  const own = new Set((shape.metadata ?? []).map(([key]) => key))
  return [...entries.filter(([key]) => !own.has(key)), ...(shape.metadata ?? [])]
}

function paddedBytes({ shape, typeId = F32 }: BuiltTensor): number {
  const type = typeById(typeId)
  if (!type) throw new Error(`type ${typeId} has no known size`)
  const weights = shape.reduce((product, size) => product * size, 1)
  return Math.ceil(((weights / type.blockSize) * type.blockBytes) / 32) * 32
}
