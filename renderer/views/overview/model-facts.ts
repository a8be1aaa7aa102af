import type { MetadataRow, ModelSummary, Tensor } from '../../../preload/contract.ts'
import type { TypeShare } from '../../charts/type-bar.ts'
import { bytes, count, exact, significant } from '../../charts/numbers.ts'
import type { Fact } from '../../components/fact.ts'
import { weightsOf } from '../../components/tensor-facts.ts'

export function modelFacts(model: ModelSummary): readonly Fact[] {
  return [
    { label: 'Container', value: model.container === 'gguf' ? 'GGUF' : 'safetensors' },
    { label: 'Architecture', value: model.architecture ?? 'not named' },
    { label: 'Parameters', value: count(model.parameters), title: exact(model.parameters) },
    { label: 'Size', value: bytes(model.bytes), title: `${exact(model.bytes)} bytes` },
    { label: 'Bits per weight', value: significant(model.bpw) },
    { label: 'Tensors', value: exact(model.tensorCount) },
    { label: 'Layers', value: exact(model.layerCount) },
    { label: model.files.length === 1 ? 'File' : 'Files', value: filesText(model), title: filesTitle(model) },
    { label: 'Importance', value: model.imatrix?.split(/[\\/]/).at(-1) ?? 'no imatrix beside it' },
  ]
}

function filesText(model: ModelSummary): string {
  const [first, ...rest] = model.files
  const name = first?.path.split(/[\\/]/).at(-1) ?? ''
  return rest.length === 0 ? name : `${model.files.length} files`
}

function filesTitle(model: ModelSummary): string {
  return model.files.map((file) => `${file.path} (${bytes(file.bytes)})`).join('\n')
}

/** Metadata worth a line of its own; `*` stands for the architecture. */
const KEY_METADATA: readonly (readonly [label: string, key: string])[] = [
  ['Name', 'general.name'],
  ['Finetune', 'general.finetune'],
  ['Licence', 'general.license'],
  ['Quantized by', 'general.quantized_by'],
  ['Context', '*.context_length'],
  ['Embedding', '*.embedding_length'],
  ['Feed-forward', '*.feed_forward_length'],
  ['Heads', '*.attention.head_count'],
  ['Key/value heads', '*.attention.head_count_kv'],
  ['Experts', '*.expert_count'],
  ['Experts used', '*.expert_used_count'],
  ['Rope base', '*.rope.freq_base'],
  ['Tokenizer', 'tokenizer.ggml.model'],
  ['Pre-tokenizer', 'tokenizer.ggml.pre'],
  ['Vocabulary', 'tokenizer.ggml.tokens'],
  ['Model type', 'model_type'],
  ['Hidden size', 'hidden_size'],
  ['Vocabulary size', 'vocab_size'],
  ['Data type', 'torch_dtype'],
]

export function metadataFacts(rows: readonly MetadataRow[], architecture: string | null): readonly Fact[] {
  const byKey = new Map(rows.map((row) => [row.key, row]))
  return KEY_METADATA.flatMap(([label, pattern]) => {
    const row = byKey.get(pattern.replace('*', architecture ?? ''))
    return row ? [{ label, value: metadataText(row), title: row.key }] : []
  })
}

/** Decimal digits that an f32 holds. */
const F32_DIGITS = 7

/** A metadata value as text; an array is told by its length. */
export function metadataText(row: MetadataRow): string {
  if (row.type === 'array') return `${exact(row.length ?? 0)} × ${row.elementType ?? 'value'}`
  if (typeof row.value !== 'number') return String(row.value)
  if (Number.isInteger(row.value)) return exact(row.value)
  return String(row.type === 'f32' ? Number(row.value.toPrecision(F32_DIGITS)) : row.value)
}

/** Bytes, tensors and bits per weight of each stored type, most bytes first. */
export function typeShares(tensors: readonly Tensor[]): readonly TypeShare[] {
  const sums = new Map<string, { bytes: number; tensors: number; weights: number }>()
  for (const tensor of tensors) {
    const sum = sums.get(tensor.type) ?? { bytes: 0, tensors: 0, weights: 0 }
    sum.bytes += tensor.bytes
    sum.tensors += 1
    sum.weights += weightsOf(tensor)
    sums.set(tensor.type, sum)
  }
  return [...sums]
    .map(([type, sum]) => ({
      type,
      bytes: sum.bytes,
      tensors: sum.tensors,
      bpw: sum.bytes > 0 && sum.weights > 0 ? (sum.bytes * 8) / sum.weights : null,
    }))
    .sort((a, b) => b.bytes - a.bytes)
}
