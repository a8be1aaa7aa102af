import { ByteSink } from './byte-sink.ts'

export interface BuiltSafetensor {
  readonly name: string
  readonly dtype: string
  /** As stored: slowest dimension first. */
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

/** A safetensors file of a header given as text and a data section. */
export function wrapSafetensors(header: string, data: Uint8Array | number): Uint8Array {
  const sink = new ByteSink()
  const text = new TextEncoder().encode(header)
  sink.u64(text.length).raw(text)
  return (typeof data === 'number' ? sink.zeros(data) : sink.raw(data)).bytes
}

/** A whole safetensors file, tensors in the order given. */
export function buildSafetensors(
  tensors: readonly BuiltSafetensor[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const data = new ByteSink()
  const entries = tensors.map(({ name, dtype, shape, data: bytes }) => {
    const begin = data.length
    data.raw(bytes)
    return [name, { dtype, shape, data_offsets: [begin, data.length] }] as const
  })
  const head = metadata === undefined ? {} : { __metadata__: metadata }
  return wrapSafetensors(JSON.stringify({ ...head, ...Object.fromEntries(entries) }), data.bytes)
}

/** `count` numbers as F32. */
export function floats(values: readonly number[]): Uint8Array {
  return new ByteSink().f32(...values).bytes
}
