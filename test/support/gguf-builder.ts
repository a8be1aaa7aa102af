import { typeById } from '../../main/engine/tensor/type-geometry.ts'
import type { Scalar, ScalarType } from '../../main/engine/formats/model.ts'
import { ByteSink } from './byte-sink.ts'

/** Ids written out, so that the reader's own table is not checked against itself. */
export const VALUE_TYPE_IDS = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const

export type BuiltType = ScalarType | 'array'

export interface BuiltArray {
  readonly elementType: BuiltType
  readonly elements: readonly BuiltValue[]
}

export type BuiltValue = Scalar | BuiltArray

export type BuiltEntry = readonly [key: string, type: BuiltType, value: BuiltValue]

export interface BuiltTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** F32 when absent. */
  readonly typeId?: number
  /** Zeros when absent. */
  readonly data?: Uint8Array
  /** Relative to the data section; right behind the tensor before when absent. */
  readonly offset?: number
  /** Needed for types without known geometry. */
  readonly bytes?: number
}

export interface GgufOptions {
  readonly version?: number
  readonly littleEndian?: boolean
  readonly alignment?: number
  readonly metadata?: readonly BuiltEntry[]
  readonly tensors?: readonly BuiltTensor[]
  /** Leaves the data section to a hole made by lengthening the file. */
  readonly headerOnly?: boolean
}

function isArray(value: BuiltValue): value is BuiltArray {
  return typeof value === 'object'
}

function putValue(sink: ByteSink, type: BuiltType, value: BuiltValue): void {
  if (isArray(value)) {
    sink.u32(VALUE_TYPE_IDS[value.elementType]).u64(value.elements.length)
    for (const element of value.elements) putValue(sink, value.elementType, element)
  } else if (type === 'string') sink.text(String(value))
  else if (type === 'bool') sink.u8(value === true ? 1 : 0)
  else if (type === 'u64' || type === 'i64') sink.u64(typeof value === 'bigint' ? value : Number(value))
  else if (type !== 'array') sink[type](Number(value))
}

/** Magic number, version and counts. */
export function putHead(
  sink: ByteSink,
  tensors: number | bigint,
  entries: number | bigint,
  version = 3,
): ByteSink {
  return sink.ascii('GGUF').u32(version).u64(tensors).u64(entries)
}

export function putEntry(sink: ByteSink, [key, type, value]: BuiltEntry): ByteSink {
  sink.text(key).u32(VALUE_TYPE_IDS[type])
  putValue(sink, type, value)
  return sink
}

export function putTensorInfo(
  sink: ByteSink,
  name: string,
  shape: readonly (number | bigint)[],
  typeId: number,
  offset: number | bigint,
): ByteSink {
  sink.text(name).u32(shape.length)
  for (const size of shape) sink.u64(size)
  return sink.u32(typeId).u64(offset)
}

function tensorBytes({ shape, typeId = 0, bytes, data }: BuiltTensor): number {
  const type = typeById(typeId)
  if (data !== undefined) return data.length
  if (bytes !== undefined || type === undefined) return bytes ?? 0
  return (shape.reduce((product, size) => product * size, 1) / type.blockSize) * type.blockBytes
}

/** A whole GGUF file. */
export function buildGguf(options: GgufOptions): Uint8Array {
  const { version = 3, littleEndian = true, alignment = 32, metadata = [], tensors = [] } = options
  const sink = new ByteSink(littleEndian)
  putHead(sink, tensors.length, metadata.length, version)
  for (const entry of metadata) putEntry(sink, entry)
  let end = 0
  const placed = tensors.map((tensor) => {
    const offset = tensor.offset ?? end
    end = Math.ceil((offset + tensorBytes(tensor)) / alignment) * alignment
    return { ...tensor, offset }
  })
  for (const { name, shape, typeId = 0, offset } of placed) putTensorInfo(sink, name, shape, typeId, offset)
  sink.padTo(alignment)
  if (options.headerOnly === true) return sink.bytes
  const dataBytes = placed.reduce((most, tensor) => Math.max(most, tensor.offset + tensorBytes(tensor)), 0)
  const data = new Uint8Array(Math.ceil(dataBytes / alignment) * alignment)
  for (const { data: bytes, offset } of placed) if (bytes) data.set(bytes, offset)
  return sink.raw(data).bytes
}
