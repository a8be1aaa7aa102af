/**
 * A llama computed plainly: every weight decoded to f32, sums in double precision, no kernel of llama.cpp.
 *
 * It is the independent computation that measurements in llama.cpp are compared with. Layout and order of operations are
 * those of the GGUF: `attn_q` and `attn_k` rows in interleaved pairs, RMS norms before attention, feed-forward and output.
 *
 * llama.cpp multiplies quantized weights with activations that it rounds to 8 bits first. Those errors are part of what a
 * quantized model does there, so they are made here too, unless the weights alone shall be judged.
 */
import { FileBytes } from '../../main/engine/formats/file-bytes.ts'
import { metadataNumber } from '../../main/engine/formats/metadata.ts'
import type { Model } from '../../main/engine/formats/model.ts'
import { openModel } from '../../main/engine/formats/open-model.ts'
import { typescriptKernels } from '../../main/engine/kernels/kernels.ts'
import { floatToHalf, halfToFloat } from '../../main/engine/tensor/half.ts'
import { RowReader } from '../../main/engine/tensor/row-reader.ts'

/** `rounded`: to 8 bits before each product with quantized weights, as llama.cpp on a processor does. */
export type Activations = 'rounded' | 'exact'

interface Matrix {
  /** Stored type. */
  readonly type: string
  /** f32[rows * columns], row by row. */
  readonly values: Float32Array
  readonly columns: number
  readonly rows: number
}

export interface LlamaWeights {
  readonly layers: number
  readonly heads: number
  readonly keyHeads: number
  readonly headSize: number
  readonly vocabulary: number
  readonly epsilon: number
  readonly activations: Activations
  readonly ropeBase: number
  readonly tensors: ReadonlyMap<string, Matrix>
}

/** Decodes a whole model; meant for small ones. */
export function readLlama(path: string, activations: Activations): LlamaWeights {
  const model = openModel(path)
  const number = (key: string): number => metadataNumber(model, `llama.${key}`) ?? missing(`llama.${key}`)
  const tensors = readTensors(model)
  const heads = number('attention.head_count')
  return {
    layers: number('block_count'),
    heads,
    keyHeads: number('attention.head_count_kv'),
    headSize: number('embedding_length') / heads,
    vocabulary: matrix(tensors, 'token_embd').rows,
    epsilon: number('attention.layer_norm_rms_epsilon'),
    activations,
    ropeBase: metadataNumber(model, 'llama.rope.freq_base') ?? 10_000,
    tensors,
  }
}

function missing(what: string): never {
  throw new Error(`The model has no ${what}`)
}

function readTensors(model: Model): Map<string, Matrix> {
  return FileBytes.with(model.files[0]!.path, (file) => {
    const decoded = model.tensors.map((tensor) => {
      const source = { ...tensor, littleEndian: model.littleEndian }
      const reader = new RowReader(file, source, typescriptKernels)
      const { rows, rowLength: columns } = reader
      return [
        tensor.name,
        { type: tensor.type, values: reader.read(0, rows).slice(), columns, rows },
      ] as const
    })
    return new Map(decoded)
  })
}

function matrix(tensors: ReadonlyMap<string, Matrix>, name: string): Matrix {
  return tensors.get(`${name}.weight`) ?? missing(name)
}

/**
 * Log-probabilities of the next token after each of `tokens`, seen as one sequence.
 *
 * @returns f64[tokens * vocabulary]
 */
export function logProbabilities(model: LlamaWeights, tokens: readonly number[]): Float64Array {
  const weights = (name: string): Matrix => matrix(model.tensors, name)
  const embedding = weights('token_embd')
  const { columns: width } = embedding
  const stream = new Float64Array(tokens.length * width)
  for (const [position, token] of tokens.entries()) {
    stream.set(embedding.values.subarray(token * width, (token + 1) * width), position * width)
  }
  for (let layer = 0; layer < model.layers; layer += 1) {
    const inLayer = (name: string): Matrix => weights(`blk.${layer}.${name}`)
    add(stream, attention(model, inLayer, normalized(model, stream, inLayer('attn_norm'))))
    add(stream, feedForward(model, inLayer, normalized(model, stream, inLayer('ffn_norm'))))
  }
  // Tied models use the embedding once more.
  const output = model.tensors.has('output.weight') ? weights('output') : embedding
  return logSoftmax(
    multiply(model, output, normalized(model, stream, weights('output_norm'))),
    model.vocabulary,
  )
}

function add(stream: Float64Array, update: Float64Array): void {
  for (let index = 0; index < stream.length; index += 1) stream[index]! += update[index]!
}

function normalized({ epsilon }: LlamaWeights, stream: Float64Array, { values }: Matrix): Float64Array {
  const width = values.length
  const out = new Float64Array(stream.length)
  for (let from = 0; from < stream.length; from += width) {
    let squares = 0
    for (let column = 0; column < width; column += 1) squares += stream[from + column]! ** 2
    const scale = 1 / Math.sqrt(squares / width + epsilon)
    for (let column = 0; column < width; column += 1) {
      out[from + column] = stream[from + column]! * scale * values[column]!
    }
  }
  return out
}

/** Rows of `inputs` times the transposed matrix; four rows at once, so that a weight is read once for them. */
function multiply({ activations }: LlamaWeights, matrix: Matrix, exact: Float64Array): Float64Array {
  const { type, values, columns, rows } = matrix
  const inputs = activations === 'rounded' ? roundedActivations(exact, type) : exact
  const count = inputs.length / columns
  const out = new Float64Array(count * rows)
  for (let first = 0; first < count; first += 4) {
    // The last rows are computed more than once where the count is no multiple of four.
    const [b, c, d] = [1, 2, 3].map((step) => Math.min(first + step, count - 1)) as [number, number, number]
    multiplyFour(values, inputs, out, columns, rows, first, b, c, d)
  }
  return out
}

/** Types whose products take activations in blocks of 32 with an f16 scale (Q8_0); other quantized ones take Q8_K. */
const BLOCKS_OF_32 = new Set(['Q4_0', 'Q5_0', 'Q8_0', 'IQ4_NL'])
const FLOATS = new Set(['F32', 'F16', 'BF16'])

/** What is left of activations in ggml's types Q8_0 or Q8_K. */
function roundedActivations(values: Float64Array, type: string): Float64Array {
  if (FLOATS.has(type)) return values
  const size = BLOCKS_OF_32.has(type) ? 32 : 256
  const out = new Float64Array(values.length)
  for (let from = 0; from < values.length; from += size) {
    const block = values.subarray(from, from + size)
    const largest = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const step = largest / 127
    const scale = size === 32 ? halfToFloat(floatToHalf(step)) : step
    if (step > 0)
      out.set(
        block.map((value) => Math.round(value / step) * scale),
        from,
      )
  }
  return out
}

function multiplyFour(
  values: Float32Array,
  inputs: Float64Array,
  out: Float64Array,
  columns: number,
  rows: number,
  ...[a, b, c, d]: [number, number, number, number]
): void {
  const [fromA, fromB, fromC, fromD] = [a * columns, b * columns, c * columns, d * columns]
  for (let row = 0; row < rows; row += 1) {
    let sumA = 0
    let sumB = 0
    let sumC = 0
    let sumD = 0
    const from = row * columns
    for (let column = 0; column < columns; column += 1) {
      const weight = values[from + column]!
      sumA += weight * inputs[fromA + column]!
      sumB += weight * inputs[fromB + column]!
      sumC += weight * inputs[fromC + column]!
      sumD += weight * inputs[fromD + column]!
    }
    out[a * rows + row] = sumA
    out[b * rows + row] = sumB
    out[c * rows + row] = sumC
    out[d * rows + row] = sumD
  }
}

function attention(
  model: LlamaWeights,
  weights: (name: string) => Matrix,
  inputs: Float64Array,
): Float64Array {
  const queries = multiply(model, weights('attn_q'), inputs)
  const keys = multiply(model, weights('attn_k'), inputs)
  const values = multiply(model, weights('attn_v'), inputs)
  rotate(model, queries, model.heads)
  rotate(model, keys, model.keyHeads)
  const mixed = new Float64Array(queries.length)
  for (let head = 0; head < model.heads; head += 1) mixHead(model, head, { queries, keys, values }, mixed)
  return multiply(model, weights('attn_output'), mixed)
}

/** Rotary positions: each pair of neighbours turns by position x base^(-2 pair / head size). */
function rotate({ headSize, ropeBase }: LlamaWeights, values: Float64Array, heads: number): void {
  for (let from = 0; from < values.length; from += 2) {
    const position = Math.floor(from / (heads * headSize))
    const angle = position * ropeBase ** (-(from % headSize) / headSize)
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    const [even, odd] = [values[from]!, values[from + 1]!]
    values[from] = even * cos - odd * sin
    values[from + 1] = even * sin + odd * cos
  }
}

interface Projections {
  readonly queries: Float64Array
  readonly keys: Float64Array
  readonly values: Float64Array
}

/** Causal attention of one head; several heads share a key head. */
function mixHead(model: LlamaWeights, head: number, rows: Projections, mixed: Float64Array): void {
  const { heads, keyHeads, headSize } = model
  const keyHead = Math.floor((head * keyHeads) / heads)
  const count = rows.queries.length / (heads * headSize)
  const scores = new Float64Array(count)
  for (let position = 0; position < count; position += 1) {
    const query = (position * heads + head) * headSize
    for (let past = 0; past <= position; past += 1) {
      const key = (past * keyHeads + keyHead) * headSize
      let score = 0
      for (let at = 0; at < headSize; at += 1) score += rows.queries[query + at]! * rows.keys[key + at]!
      scores[past] = score / Math.sqrt(headSize)
    }
    softmax(scores.subarray(0, position + 1))
    for (let past = 0; past <= position; past += 1) {
      const value = (past * keyHeads + keyHead) * headSize
      for (let at = 0; at < headSize; at += 1) mixed[query + at]! += scores[past]! * rows.values[value + at]!
    }
  }
}

function softmax(scores: Float64Array): void {
  const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity)
  let sum = 0
  for (let index = 0; index < scores.length; index += 1) {
    scores[index] = Math.exp(scores[index]! - largest)
    sum += scores[index]!
  }
  for (let index = 0; index < scores.length; index += 1) scores[index]! /= sum
}

/** SwiGLU. */
function feedForward(
  model: LlamaWeights,
  weights: (name: string) => Matrix,
  inputs: Float64Array,
): Float64Array {
  const gate = multiply(model, weights('ffn_gate'), inputs)
  const up = multiply(model, weights('ffn_up'), inputs)
  for (let index = 0; index < gate.length; index += 1) {
    gate[index] = (gate[index]! / (1 + Math.exp(-gate[index]!))) * up[index]!
  }
  return multiply(model, weights('ffn_down'), gate)
}

function logSoftmax(logits: Float64Array, vocabulary: number): Float64Array {
  for (let from = 0; from < logits.length; from += vocabulary) {
    const row = logits.subarray(from, from + vocabulary)
    const largest = row.reduce((most, logit) => Math.max(most, logit), -Infinity)
    const total = largest + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
    for (let token = 0; token < vocabulary; token += 1) row[token]! -= total
  }
  return logits
}

export interface ForwardComparison {
  /** KL divergence of candidate from reference at each scored position, nats. */
  readonly divergences: Float64Array
  /** Mean negative log-likelihoods of the true next tokens. */
  readonly referenceLoss: number
  readonly candidateLoss: number
}

/** Compares two models over one sequence, at every position that has a next token. */
export function compareForward(
  reference: LlamaWeights,
  candidate: LlamaWeights,
  tokens: readonly number[],
): ForwardComparison {
  const [p, q] = [logProbabilities(reference, tokens), logProbabilities(candidate, tokens)]
  const { vocabulary } = reference
  const scored = tokens.length - 1
  const divergences = Float64Array.from({ length: scored }, (_, position) => {
    let sum = 0
    for (let at = position * vocabulary; at < (position + 1) * vocabulary; at += 1) {
      sum += Math.exp(p[at]!) * (p[at]! - q[at]!)
    }
    return sum
  })
  return { divergences, referenceLoss: meanLoss(p, tokens), candidateLoss: meanLoss(q, tokens) }
}

function meanLoss(logs: Float64Array, tokens: readonly number[]): number {
  const vocabulary = logs.length / tokens.length
  const losses = tokens.slice(1).map((next, position) => -logs[position * vocabulary + next]!)
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
}
