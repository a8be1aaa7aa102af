import { VALUE_TYPES } from './gguf-values.ts'
import type { Scalar, ScalarType } from './model.ts'

const TEXT = new TextEncoder()

/** Writes little-endian numbers and text into a buffer of a length known before. */
export class ByteWriter {
  readonly bytes: Uint8Array
  position = 0
  readonly #view: DataView

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    this.#view = new DataView(this.bytes.buffer)
  }

  u32(value: number): void {
    this.#view.setUint32(this.#advance(4), value, true)
  }

  u64(value: number | bigint): void {
    this.#view.setBigUint64(this.#advance(8), BigInt(value), true)
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#advance(bytes.length))
  }

  text(text: string): void {
    const bytes = TEXT.encode(text)
    this.u64(bytes.length)
    this.raw(bytes)
  }

  /** The next `length` bytes, for the caller to fill. */
  reserve(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.bytes.subarray(start, start + length)
  }

  scalar(type: ScalarType, value: Scalar): void {
    if (type === 'string') return this.text(String(value))
    if (type === 'bool') return this.raw(Uint8Array.of(value === true ? 1 : 0))
    if (type === 'u64') return this.u64(toBigInt(value))
    if (type === 'i64') return this.#view.setBigInt64(this.#advance(8), toBigInt(value), true)
    this.#number(type, Number(value))
  }

  #number(type: Exclude<ScalarType, 'string' | 'bool' | 'u64' | 'i64'>, value: number): void {
    const view = this.#view
    switch (type) {
      case 'u8':
        return view.setUint8(this.#advance(1), value)
      case 'i8':
        return view.setInt8(this.#advance(1), value)
      case 'u16':
        return view.setUint16(this.#advance(2), value, true)
      case 'i16':
        return view.setInt16(this.#advance(2), value, true)
      case 'u32':
        return view.setUint32(this.#advance(4), value, true)
      case 'i32':
        return view.setInt32(this.#advance(4), value, true)
      case 'f32':
        return view.setFloat32(this.#advance(4), value, true)
      case 'f64':
        return view.setFloat64(this.#advance(8), value, true)
    }
  }

  #advance(length: number): number {
    const start = this.position
    if (start + length > this.bytes.length)
      throw new RangeError('The buffer is too small for what is written')
    this.position += length
    return start
  }
}

function toBigInt(value: Scalar): bigint {
  return typeof value === 'bigint' ? value : BigInt(Number(value))
}

/** One metadata entry in little-endian form. */
export function encodeEntry(key: string, type: ScalarType, value: Scalar): Uint8Array {
  const valueBytes = typeof value === 'string' ? TEXT.encode(value).length : 0
  const writer = new ByteWriter(8 + TEXT.encode(key).length + 4 + 8 + valueBytes)
  writer.text(key)
  writer.u32(VALUE_TYPES.indexOf(type))
  writer.scalar(type, value)
  return writer.bytes.subarray(0, writer.position)
}
