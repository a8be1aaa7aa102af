import { countOf } from './wording.ts'
import { QuantaloupeError } from '../errors.ts'
import type { ErrorDetails } from '../errors.ts'
import type { FileBytes } from './file-bytes.ts'

/** What helps against most of what can be wrong with a file. */
const REMEDY = 'The file is damaged or not what it seems: get it again from its source.'
const WINDOW_BYTES = 2 ** 20
const STRICT_TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const LENIENT_TEXT = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Reads numbers and text from front to back through a window of 1 MiB, whatever the size of the file.
 *
 * Each read names what it is after, for the error.
 */
export class ByteReader {
  position: number
  littleEndian = true
  /** Where the part being read ends. */
  readonly end: number
  readonly #file: FileBytes
  readonly #window: Uint8Array
  readonly #view: DataView
  #windowStart = 0
  #windowEnd = 0

  constructor(file: FileBytes, start = 0, end = file.size) {
    this.#file = file
    this.position = start
    this.end = end
    this.#window = new Uint8Array(Math.max(8, Math.min(WINDOW_BYTES, end - start)))
    this.#view = new DataView(this.#window.buffer)
  }

  get path(): string {
    return this.#file.path
  }

  get remaining(): number {
    return this.end - this.position
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#take(1, what))
  }

  i8(what: string): number {
    return this.#view.getInt8(this.#take(1, what))
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#take(2, what), this.littleEndian)
  }

  i16(what: string): number {
    return this.#view.getInt16(this.#take(2, what), this.littleEndian)
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), this.littleEndian)
  }

  i32(what: string): number {
    return this.#view.getInt32(this.#take(4, what), this.littleEndian)
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what), this.littleEndian)
  }

  i64(what: string): bigint {
    return this.#view.getBigInt64(this.#take(8, what), this.littleEndian)
  }

  f32(what: string): number {
    return this.#view.getFloat32(this.#take(4, what), this.littleEndian)
  }

  f64(what: string): number {
    return this.#view.getFloat64(this.#take(8, what), this.littleEndian)
  }

  /**
   * A 64-bit count, length or offset.
   *
   * @throws QuantaloupeError `COUNT_TOO_LARGE` from 2^53 on, which covers what is negative when read as signed
   */
  size(what: string): number {
    const at = this.position
    const index = this.#take(8, what)
    const high = this.#view.getUint32(this.littleEndian ? index + 4 : index, this.littleEndian)
    const low = this.#view.getUint32(this.littleEndian ? index : index + 4, this.littleEndian)
    if (high >= 2 ** 21) {
      const value = this.#view.getBigUint64(index, this.littleEndian)
      throw this.error('COUNT_TOO_LARGE', `Impossible value of ${what}: ${value}`, at, 'a number below 2^53')
    }
    return high * 2 ** 32 + low
  }

  /** Passes over `count` bytes without reading them. */
  skip(count: number, what: string): void {
    if (count > this.remaining) throw this.truncated(what, count)
    this.position += count
  }

  /** A copy of the next `length` bytes; the caller has bounded `length`. */
  bytes(length: number, what: string): Uint8Array {
    return this.#run(length, what).slice()
  }

  /** Text known to be ASCII, several times as fast as {@link text}; the caller has bounded `length`. */
  ascii(length: number, what: string): string {
    const bytes = this.#run(length, what)
    return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1')
  }

  /** UTF-8 text; the caller has bounded `length`. What is not UTF-8 becomes the replacement character. */
  text(length: number, what: string): string {
    return LENIENT_TEXT.decode(this.#run(length, what))
  }

  /**
   * UTF-8 text that names something.
   *
   * @throws QuantaloupeError `BAD_TEXT` for what is not UTF-8 or holds control characters
   */
  nameText(length: number, what: string): string {
    const at = this.position
    const bytes = this.#run(length, what)
    const text = decodeStrictly(bytes)
    if (text === null || bytes.some((byte) => byte < 0x20 || byte === 0x7f)) {
      throw this.error('BAD_TEXT', `Unreadable ${what}`, at, 'UTF-8 without control characters')
    }
    return text
  }

  error(
    code: string,
    message: string,
    offset: number,
    expected: string,
    more: ErrorDetails = {},
  ): QuantaloupeError {
    return new QuantaloupeError(code, message, {
      place: this.path,
      offset,
      expected,
      remedy: REMEDY,
      ...more,
    })
  }

  truncated(what: string, count: number): QuantaloupeError {
    const expected = `${countOf(count, 'byte')}, ${Math.max(0, this.remaining)} left`
    const remedy = 'The file is cut off or damaged: copy or download it again.'
    return this.error('TRUNCATED', `The file ends inside ${what}`, this.position, expected, { remedy })
  }

  /** The next `length` bytes, in the window where they fit: valid until the next read. */
  #run(length: number, what: string): Uint8Array {
    if (length > this.remaining) throw this.truncated(what, length)
    if (length > this.#window.length) {
      const bytes = this.#file.read(this.position, length)
      this.position += length
      return bytes
    }
    const index = this.#take(length, what)
    return this.#window.subarray(index, index + length)
  }

  /** Makes the next `count` bytes lie in the window, passes them, and says where in the window they begin. */
  #take(count: number, what: string): number {
    const start = this.position
    if (count > this.end - start) throw this.truncated(what, count)
    if (start < this.#windowStart || start + count > this.#windowEnd) this.#load()
    this.position = start + count
    return start - this.#windowStart
  }

  #load(): void {
    const length = Math.min(this.#window.length, this.remaining)
    this.#file.readInto(this.position, this.#window.subarray(0, length))
    this.#windowStart = this.position
    this.#windowEnd = this.position + length
  }
}

function decodeStrictly(bytes: Uint8Array): string | null {
  try {
    return STRICT_TEXT.decode(bytes)
  } catch {
    return null
  }
}
