/** Collects numbers and text of either byte order into a file; remembers one place that an error should point at. */
export class ByteSink {
  readonly littleEndian: boolean
  marked: number | null = null
  #bytes = new Uint8Array(1024)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  constructor(littleEndian = true) {
    this.littleEndian = littleEndian
  }

  get length(): number {
    return this.#length
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** Remembers this place. */
  mark(): this {
    this.marked = this.#length
    return this
  }

  u8(...values: number[]): this {
    for (const value of values) this.#room(1).setUint8(this.#length - 1, value)
    return this
  }

  i8(value: number): this {
    this.#room(1).setInt8(this.#length - 1, value)
    return this
  }

  u16(value: number): this {
    this.#room(2).setUint16(this.#length - 2, value, this.littleEndian)
    return this
  }

  i16(value: number): this {
    this.#room(2).setInt16(this.#length - 2, value, this.littleEndian)
    return this
  }

  u32(value: number): this {
    this.#room(4).setUint32(this.#length - 4, value, this.littleEndian)
    return this
  }

  i32(value: number): this {
    this.#room(4).setInt32(this.#length - 4, value, this.littleEndian)
    return this
  }

  /** Wraps, so that -1 is the largest value. */
  u64(value: number | bigint): this {
    this.#room(8).setBigUint64(this.#length - 8, BigInt(value), this.littleEndian)
    return this
  }

  f32(...values: number[]): this {
    for (const value of values) this.#room(4).setFloat32(this.#length - 4, value, this.littleEndian)
    return this
  }

  f64(value: number): this {
    this.#room(8).setFloat64(this.#length - 8, value, this.littleEndian)
    return this
  }

  raw(bytes: Uint8Array): this {
    const start = this.#grow(bytes.length)
    this.#bytes.set(bytes, start)
    return this
  }

  ascii(text: string): this {
    return this.raw(new TextEncoder().encode(text))
  }

  /** A GGUF string: u64 length and bytes. */
  text(text: string): this {
    const bytes = new TextEncoder().encode(text)
    return this.u64(bytes.length).raw(bytes)
  }

  zeros(count: number): this {
    this.#grow(count)
    return this
  }

  padTo(alignment: number): this {
    return this.zeros((alignment - (this.#length % alignment)) % alignment)
  }

  /** A view with `count` more bytes at its end. */
  #room(count: number): DataView {
    this.#grow(count)
    return this.#view
  }

  #grow(count: number): number {
    const start = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return start
  }
}
