import { closeSync, openSync, writeSync } from 'node:fs'
import { floatToHalf } from '../../main/engine/tensor/half.ts'
import { buildGguf, type BuiltTensor } from '../support/gguf-builder.ts'
import { seededNormal } from '../support/random-rows.ts'

const WIDTH = 2048
const FEED_FORWARD = 5632
const VOCABULARY = 32_000
const LAYERS = 8
const F16 = 1
const F32 = 0
const ALIGNMENT = 32
/** Weights that are made once and written over and over, from another place each time. */
const POOL = 2 ** 22

/** A llama of 542 million parameters as F16, 1.08 GB: what llama.cpp loads, without a vocabulary of words. */
export function writeLlamaModel(path: string): { readonly bytes: number; readonly parameters: number } {
  const tensors = modelTensors()
  const header = buildGguf({ metadata: METADATA, tensors, headerOnly: true })
  const halves = Uint16Array.from({ length: POOL }, heavyHalf())
  const file = openSync(path, 'w')
  try {
    let end = writeSync(file, header)
    for (const [index, { shape, typeId }] of tensors.entries()) {
      const count = shape.reduce((product, size) => product * size, 1)
      end += typeId === F16 ? writeHalves(file, halves, count, index, end) : writeOnes(file, count, end)
    }
    return {
      bytes: end,
      parameters: tensors.reduce((sum, { shape }) => sum + shape[0]! * (shape[1] ?? 1), 0),
    }
  } finally {
    closeSync(file)
  }
}

const METADATA = [
  ['general.architecture', 'string', 'llama'],
  ['general.name', 'string', 'Synthetic'],
  ['general.file_type', 'u32', 1],
  ['llama.block_count', 'u32', LAYERS],
  ['llama.context_length', 'u32', 2048],
  ['llama.embedding_length', 'u32', WIDTH],
  ['llama.feed_forward_length', 'u32', FEED_FORWARD],
  ['llama.attention.head_count', 'u32', 32],
  ['llama.attention.head_count_kv', 'u32', 32],
  ['llama.attention.layer_norm_rms_epsilon', 'f32', 1e-5],
  ['llama.rope.dimension_count', 'u32', 64],
  ['llama.vocab_size', 'u32', VOCABULARY],
  ['tokenizer.ggml.model', 'string', 'no_vocab'],
] as const

function modelTensors(): readonly BuiltTensor[] {
  const matrix = (name: string, columns: number, rows: number) => ({
    name: `${name}.weight`,
    shape: [columns, rows],
    typeId: F16,
  })
  const norm = (name: string) => ({ name: `${name}.weight`, shape: [WIDTH], typeId: F32 })
  const layers = Array.from({ length: LAYERS }, (_, layer) => `blk.${layer}`).flatMap((block) => [
    norm(`${block}.attn_norm`),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((role) => matrix(`${block}.${role}`, WIDTH, WIDTH)),
    norm(`${block}.ffn_norm`),
    ...['ffn_gate', 'ffn_up'].map((role) => matrix(`${block}.${role}`, WIDTH, FEED_FORWARD)),
    matrix(`${block}.ffn_down`, FEED_FORWARD, WIDTH),
  ])
  return [
    matrix('token_embd', WIDTH, VOCABULARY),
    ...layers,
    norm('output_norm'),
    matrix('output', WIDTH, VOCABULARY),
  ]
}

/** Student-t with five degrees of freedom, 0.02 wide. */
function heavyHalf(): () => number {
  const normal = seededNormal(1)
  return () => {
    let squares = 0
    for (let i = 0; i < 5; i += 1) squares += normal() ** 2
    return floatToHalf((0.02 * normal()) / Math.sqrt(squares / 5))
  }
}

function writeHalves(file: number, pool: Uint16Array, count: number, seed: number, position: number): number {
  for (let done = 0; done < count;) {
    const from = done === 0 ? (seed * 524_287) % pool.length : 0
    const part = pool.subarray(from, Math.min(pool.length, from + count - done))
    writeSync(file, part, 0, part.byteLength, position + 2 * done)
    done += part.length
  }
  return padded(2 * count)
}

function writeOnes(file: number, count: number, position: number): number {
  const ones = new Float32Array(count).fill(1)
  writeSync(file, ones, 0, ones.byteLength, position)
  return padded(4 * count)
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}
