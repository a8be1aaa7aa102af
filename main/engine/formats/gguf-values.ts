import { LIMITS } from './limits.ts'
import type { ByteReader } from './byte-reader.ts'
import type { Scalar, ScalarType } from './model.ts'

/** Value types by id: gguf.h `enum gguf_type`. */
export const VALUE_TYPES = [
  'u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32', 'bool', 'string', 'array', 'u64', 'i64', 'f64',
] as const // prettier-ignore

export type ValueType = ScalarType | 'array'

/** Bytes of one value; strings and arrays have no fixed width. */
export const VALUE_BYTES: Readonly<Record<Exclude<ScalarType, 'string'>, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  u64: 8,
  i64: 8,
  f64: 8,
}

/** Bytes that a value takes at least: an empty string is its length, an empty array its element type and length. */
function leastBytes(type: ValueType): number {
  if (type === 'string') return 8
  return type === 'array' ? 12 : VALUE_BYTES[type]
}

export function readValueType(reader: ByteReader, what: string): ValueType {
  const at = reader.position
  const id = reader.u32(what)
  const type = VALUE_TYPES[id]
  if (type !== undefined) return type
  throw reader.error('UNKNOWN_VALUE_TYPE', `Unknown ${what}: ${id}`, at, `0 to ${VALUE_TYPES.length - 1}`)
}

export function readStringLength(reader: ByteReader, what: string): number {
  const at = reader.position
  const length = reader.size(`the length of ${what}`)
  if (length > LIMITS.stringBytes) {
    const expected = `at most ${LIMITS.stringBytes} bytes`
    throw reader.error('STRING_TOO_LONG', `The length of ${what} is ${length}`, at, expected)
  }
  if (length > reader.remaining) throw reader.truncated(what, length)
  return length
}

/**
 * Reads a string and passes all of it, but decodes at most `limit` bytes.
 *
 * @returns the text, and whether all of it was decoded
 */
export function readText(
  reader: ByteReader,
  what: string,
  limit: number,
): { text: string; complete: boolean } {
  const length = readStringLength(reader, what)
  const shown = Math.min(length, limit)
  const text = reader.text(shown, what)
  reader.skip(length - shown, what)
  return { text, complete: shown === length }
}

/** @param textLimit bytes of a string to decode; the rest is passed over */
export function readScalar(reader: ByteReader, type: ScalarType, what: string, textLimit: number): Scalar {
  switch (type) {
    case 'string':
      return readText(reader, what, textLimit).text
    case 'bool':
      return readBool(reader, what)
    case 'u64':
      return reader.u64(what)
    case 'i64':
      return reader.i64(what)
    default:
      return reader[type](what)
  }
}

function readBool(reader: ByteReader, what: string): boolean {
  const at = reader.position
  const byte = reader.u8(what)
  if (byte > 1) throw reader.error('BAD_BOOL', `A truth value is ${byte} in ${what}`, at, '0 or 1')
  return byte === 1
}

/** Counts the strings and inner arrays that were walked in one file. */
export interface WalkBudget {
  walked: number
}

export interface ArrayHead {
  readonly elementType: ValueType
  readonly length: number
}

/** Reads element type and length of an array and checks both against the bytes that are left. */
export function readArrayHead(reader: ByteReader, what: string): ArrayHead {
  const elementType = readValueType(reader, `element type of ${what}`)
  const at = reader.position
  const length = reader.size(`the length of ${what}`)
  if (length > LIMITS.arrayElements) {
    const expected = `at most ${LIMITS.arrayElements} elements`
    throw reader.error('ARRAY_TOO_LONG', `The length of ${what} is ${length}`, at, expected)
  }
  const needed = length * leastBytes(elementType)
  if (needed > reader.remaining) {
    const expected = `${needed} bytes for ${length} elements, ${reader.remaining} are left`
    throw reader.error('COUNT_TOO_LARGE', `The file is too short for ${what}`, at, expected)
  }
  return { elementType, length }
}

/** Passes over the elements of an array, checking every length on the way. */
export function walkArray(
  reader: ByteReader,
  { elementType, length }: ArrayHead,
  what: string,
  budget: WalkBudget,
  depth = 1,
): void {
  if (elementType !== 'string' && elementType !== 'array') {
    reader.skip(length * VALUE_BYTES[elementType], what)
    return
  }
  countWalk(reader, length, what, budget)
  if (elementType === 'string') {
    for (let index = 0; index < length; index++) reader.skip(readStringLength(reader, what), what)
    return
  }
  if (depth >= LIMITS.arrayDepth) {
    const expected = `at most ${LIMITS.arrayDepth} levels`
    throw reader.error('ARRAY_TOO_DEEP', `Too many arrays in arrays in ${what}`, reader.position, expected)
  }
  for (let index = 0; index < length; index++) {
    walkArray(reader, readArrayHead(reader, what), what, budget, depth + 1)
  }
}

function countWalk(reader: ByteReader, length: number, what: string, budget: WalkBudget): void {
  budget.walked += length
  if (budget.walked <= LIMITS.walkedElements) return
  const expected = `at most ${LIMITS.walkedElements} strings in one file`
  throw reader.error('ARRAY_TOO_LONG', `Too many strings up to ${what}`, reader.position, expected)
}
