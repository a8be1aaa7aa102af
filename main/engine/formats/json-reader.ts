import { LIMITS } from './limits.ts'
import type { ByteReader } from './byte-reader.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'literal'
export type JsonScalar = string | number | boolean | null

/**
 * Reads JSON from a file piece by piece, in memory that does not grow with the file.
 *
 * As strict as `JSON.parse`, and stricter in one point: a key may occur once in an object.
 */
export class JsonReader {
  readonly #reader: ByteReader
  #depth = 0

  constructor(reader: ByteReader) {
    this.#reader = reader
  }

  get position(): number {
    return this.#reader.position
  }

  /** What comes next, after white space. */
  kind(): JsonKind {
    const byte = this.#peek()
    if (byte === 0x7b) return 'object'
    if (byte === 0x5b) return 'array'
    if (byte === QUOTE) return 'string'
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return 'number'
    if (byte === 0x74 || byte === 0x66 || byte === 0x6e) return 'literal'
    throw this.#bad('a JSON value')
  }

  /**
   * Calls `onKey` for each key; it must read the value.
   *
   * @throws QuantaloupeError `DUPLICATE_KEY`, `BAD_JSON`, `JSON_TOO_DEEP`
   */
  object(onKey: (key: string, offset: number) => void): void {
    const keys = new Set<string>()
    this.#sequence('{', '}', () => {
      this.#peek()
      const offset = this.position
      const key = this.string(LIMITS.keyBytes)
      if (keys.has(key)) {
        throw this.#reader.error('DUPLICATE_KEY', `The key ${key} occurs twice`, offset, 'unique keys')
      }
      keys.add(key)
      this.#expect(':')
      onKey(key, offset)
    })
  }

  /** Calls `onElement` for each element; it must read it. */
  array(onElement: (index: number) => void): void {
    let index = 0
    this.#sequence('[', ']', () => onElement(index++))
  }

  /** @param limit bytes the text may have, as stored */
  string(limit: number): string {
    this.#peek()
    const start = this.position + 1
    const isPlain = this.#skipString()
    const end = this.position
    const length = end - 1 - start
    if (length > limit) {
      throw this.#reader.error('STRING_TOO_LONG', 'A text is too long', start, `at most ${limit} bytes`)
    }
    this.#reader.position = start
    const text = isPlain
      ? this.#reader.ascii(length, 'a text')
      : this.#unescape(decode(this.#reader.bytes(length, 'a text')), start)
    this.#reader.position = end
    return text
  }

  number(): number {
    return Number(this.#numberText())
  }

  /**
   * A size, count or offset.
   *
   * @throws QuantaloupeError `BAD_NUMBER` unless it is a whole number from 0 to 2^53 - 1
   */
  size(what: string): number {
    this.#peek()
    const at = this.position
    const text = this.kind() === 'number' ? this.#numberText() : ''
    const value = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
    throw this.#reader.error(
      'BAD_NUMBER',
      `Unusable ${what}: ${text || 'not a number'}`,
      at,
      'a whole number below 2^53',
    )
  }

  /** A string, number, truth value or null; undefined before an object or array, which is left unread. */
  scalar(textLimit: number): JsonScalar | undefined {
    switch (this.kind()) {
      case 'string':
        return this.string(textLimit)
      case 'number':
        return this.number()
      case 'literal':
        return this.#literal()
      default:
        return undefined
    }
  }

  /** Passes over any value, without looking for keys that occur twice. */
  skip(): void {
    switch (this.kind()) {
      case 'object':
        return this.#sequence('{', '}', () => this.#skipEntry())
      case 'array':
        return this.array(() => this.skip())
      case 'string':
        this.#skipString()
        return
      default:
        this.scalar(0)
    }
  }

  /** Checks that nothing but white space is left. */
  finish(): void {
    this.#skipSpace()
    if (this.#reader.remaining > 0) throw this.#bad('the end of the JSON text')
  }

  #sequence(open: string, close: string, onItem: () => void): void {
    this.#expect(open)
    if (++this.#depth > LIMITS.jsonDepth) {
      throw this.#reader.error(
        'JSON_TOO_DEEP',
        'The JSON text is nested too deep',
        this.position,
        `${LIMITS.jsonDepth} levels`,
      )
    }
    if (this.#peek() === close.charCodeAt(0)) this.#byte()
    else this.#items(close, onItem)
    this.#depth--
  }

  #items(close: string, onItem: () => void): void {
    for (;;) {
      onItem()
      const byte = this.#peek()
      if (byte !== 0x2c && byte !== close.charCodeAt(0)) throw this.#bad(`"," or "${close}"`)
      this.#byte()
      if (byte !== 0x2c) return
    }
  }

  #literal(): boolean | null {
    const byte = this.#peek()
    const word = byte === 0x74 ? 'true' : byte === 0x66 ? 'false' : 'null'
    for (const letter of word) {
      if (this.#byte() !== letter.charCodeAt(0)) throw this.#bad(`"${word}"`, this.position - 1)
    }
    return word === 'null' ? null : word === 'true'
  }

  #numberText(): string {
    this.#peek()
    const at = this.position
    let text = ''
    while (this.#reader.remaining > 0) {
      const character = String.fromCharCode(this.#byte())
      if (!/[-+.\deE]/.test(character)) {
        this.#reader.position--
        break
      }
      text += character
      if (text.length > LIMITS.jsonNumberBytes) throw this.#bad('a shorter number', at)
    }
    if (!NUMBER.test(text)) throw this.#bad('a number', at)
    return text
  }

  #skipEntry(): void {
    this.#skipString()
    this.#expect(':')
    this.skip()
  }

  /** @returns whether the text is ASCII without escapes */
  #skipString(): boolean {
    this.#expect('"')
    let isPlain = true
    for (let byte = this.#byte(); byte !== QUOTE; byte = this.#byte()) {
      if (byte < 0x20) throw this.#bad('no control character in a text', this.position - 1)
      if (byte === BACKSLASH) this.#byte()
      isPlain &&= byte !== BACKSLASH && byte < 0x80
    }
    return isPlain
  }

  #unescape(text: string | null, start: number): string {
    if (text === null) throw this.#reader.error('BAD_TEXT', 'Unreadable text', start, 'UTF-8')
    if (!text.includes('\\')) return text
    return text.replace(
      /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g,
      (_, code: string | undefined, letter: string) => {
        if (code !== undefined) return String.fromCharCode(parseInt(code, 16))
        const character = SHORT_ESCAPES[letter]
        if (character === undefined) throw this.#bad('a known escape in a text', start)
        return character
      },
    )
  }

  #expect(character: string): void {
    if (this.#peek() !== character.charCodeAt(0))
      throw this.#bad(character === '"' ? 'a text in quotation marks' : `"${character}"`)
    this.#byte()
  }

  /** The next byte that is not white space, unread. */
  #peek(): number {
    this.#skipSpace()
    const byte = this.#byte()
    this.#reader.position--
    return byte
  }

  #skipSpace(): void {
    while (this.#reader.remaining > 0) {
      const byte = this.#byte()
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue
      this.#reader.position--
      return
    }
  }

  #byte(): number {
    return this.#reader.u8('the JSON text')
  }

  #bad(expected: string, offset = this.position) {
    return this.#reader.error('BAD_JSON', 'The JSON text is damaged', offset, expected)
  }
}

const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Uint8Array): string | null {
  try {
    return TEXT.decode(bytes)
  } catch {
    return null
  }
}
