import { writeFileSync } from 'node:fs'
import { buildGguf, type BuiltEntry, type BuiltTensor } from './gguf-builder.ts'
import { seededNormal } from './random-rows.ts'

const [WIDTH, FEED_FORWARD] = [32, 64]

/** Types of tokens as llama.cpp numbers them. */
const [NORMAL, UNKNOWN, CONTROL, BYTE] = [1, 2, 3, 6]

export interface TinyLlamaOptions {
  readonly vocabulary: number
  readonly seed?: number
  /** Puts this weight into the output norm. */
  readonly outputNorm?: number
}

/** A llama of one layer with random F32 weights and a SentencePiece vocabulary of any size that knows every byte. */
export function writeTinyLlama(
  path: string,
  { vocabulary, seed = 1, outputNorm = 1 }: TinyLlamaOptions,
): void {
  const normal = seededNormal(seed)
  const matrix = (name: string, columns: number, rows: number): BuiltTensor => {
    const weights = Float32Array.from({ length: columns * rows }, () => normal() / Math.sqrt(columns))
    return { name, shape: [columns, rows], data: new Uint8Array(weights.buffer) }
  }
  const norm = (name: string, value = 1): BuiltTensor => {
    return { name, shape: [WIDTH], data: new Uint8Array(new Float32Array(WIDTH).fill(value).buffer) }
  }
  const tensors = [
    matrix('token_embd.weight', WIDTH, vocabulary),
    norm('blk.0.attn_norm.weight'),
    ...['q', 'k', 'v', 'output'].map((role) => matrix(`blk.0.attn_${role}.weight`, WIDTH, WIDTH)),
    norm('blk.0.ffn_norm.weight'),
    matrix('blk.0.ffn_gate.weight', WIDTH, FEED_FORWARD),
    matrix('blk.0.ffn_up.weight', WIDTH, FEED_FORWARD),
    matrix('blk.0.ffn_down.weight', FEED_FORWARD, WIDTH),
    norm('output_norm.weight', outputNorm),
    matrix('output.weight', WIDTH, vocabulary),
  ]
  writeFileSync(path, buildGguf({ metadata: [...HYPERPARAMETERS, ...tokenizer(vocabulary)], tensors }))
}

const HYPERPARAMETERS: readonly BuiltEntry[] = [
  ['general.architecture', 'string', 'llama'],
  ['llama.context_length', 'u32', 512],
  ['llama.embedding_length', 'u32', WIDTH],
  ['llama.block_count', 'u32', 1],
  ['llama.feed_forward_length', 'u32', FEED_FORWARD],
  ['llama.attention.head_count', 'u32', 2],
  ['llama.attention.layer_norm_rms_epsilon', 'f32', 1e-5],
]

function tokenizer(vocabulary: number): BuiltEntry[] {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  )
  const known = ['<unk>', '<s>', '</s>', ...bytes]
  const words = Array.from({ length: vocabulary - known.length }, (_, index) => `\u2581w${index}`)
  const types = [UNKNOWN, CONTROL, CONTROL, ...bytes.map(() => BYTE), ...words.map(() => NORMAL)]
  return [
    ['tokenizer.ggml.model', 'string', 'llama'],
    ['tokenizer.ggml.tokens', 'array', { elementType: 'string', elements: [...known, ...words] }],
    ['tokenizer.ggml.scores', 'array', { elementType: 'f32', elements: types.map(() => 0) }],
    ['tokenizer.ggml.token_type', 'array', { elementType: 'i32', elements: types }],
    ['tokenizer.ggml.bos_token_id', 'u32', 1],
    ['tokenizer.ggml.eos_token_id', 'u32', 2],
  ]
}
