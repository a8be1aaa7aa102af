import { QuantaloupeError } from '../../engine/errors.ts'
import type { Override } from '../../engine/formats/gguf-writer.ts'
import type { Model, Scalar, ScalarType } from '../../engine/formats/model.ts'
import type { MetadataSetting } from '../../../preload/contract.ts'

/** Lowest and highest value of each integer type. */
const INTEGERS: Partial<Record<ScalarType, readonly [minimum: bigint, maximum: bigint]>> = {
  u8: [0n, 2n ** 8n - 1n],
  i8: [-(2n ** 7n), 2n ** 7n - 1n],
  u16: [0n, 2n ** 16n - 1n],
  i16: [-(2n ** 15n), 2n ** 15n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  u64: [0n, 2n ** 64n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
}

export const SCALAR_TYPES = [
  'u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32', 'bool', 'string', 'u64', 'i64', 'f64',
] as const satisfies readonly ScalarType[] // prettier-ignore

/** The GGUF specification: at most 65535 bytes of ASCII, in parts with dots between them. */
const KEY = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/
const MAX_KEY_BYTES = 65_535

/** Keys that follow from the file itself, and what decides about them. */
const OWNED: readonly (readonly [keys: RegExp, reason: string])[] = [
  [/^general\.file_type$/, 'it follows from the formats of the tensors'],
  [/^general\.quantization_version$/, 'it names the block layouts that are written'],
  [/^general\.alignment$/, 'it says where the tensors lie'],
  [/^split\./, 'one file is written, which is no split'],
  [/^quantize\.imatrix\./, 'it names the imatrix that was used'],
]

/**
 * What the user sets in the metadata, checked.
 *
 * @throws QuantaloupeError `BAD_METADATA` naming the key
 */
export function settingsAsOverrides(
  source: Model,
  settings: readonly MetadataSetting[],
): Map<string, Override> {
  const overrides = new Map<string, Override>()
  for (const { key, type, value } of settings) {
    checkKey(source, key)
    if (overrides.has(key)) throw bad(key, 'is set twice', 'each key once')
    overrides.set(key, { type, value: scalarOf(key, type, value) })
  }
  return overrides
}

function checkKey(source: Model, key: string): void {
  if (!KEY.test(key) || key.length > MAX_KEY_BYTES) {
    throw bad(
      key.slice(0, 100),
      'is no metadata key',
      'letters, digits, _ and -, with dots between the parts',
    )
  }
  const owner = OWNED.find(([keys]) => keys.test(key))
  if (owner) throw bad(key, `is set by the export: ${owner[1]}`, 'another key')
  if (source.metadata.get(key)?.type === 'array') {
    throw bad(key, 'is an array in the source', 'a key with a single value')
  }
}

function scalarOf(key: string, type: ScalarType, value: MetadataSetting['value']): Scalar {
  const scalar = parseScalar(type, value)
  if (scalar !== null) return scalar
  throw bad(key, `cannot be ${JSON.stringify(value).slice(0, 100)}`, expectation(type))
}

/** Null for what the type cannot hold. */
function parseScalar(type: ScalarType, value: MetadataSetting['value']): Scalar | null {
  if (type === 'string') return typeof value === 'string' && value.isWellFormed() ? value : null
  if (type === 'bool') return typeof value === 'boolean' ? value : null
  if (type === 'f64' || type === 'f32') return parseFloating(type, value)
  const isWide = type === 'u64' || type === 'i64'
  const integer = isWide ? parseDecimal(value) : parseInteger(value)
  const [minimum, maximum] = INTEGERS[type] ?? [0n, -1n]
  if (integer === null || integer < minimum || integer > maximum) return null
  return isWide ? integer : Number(integer)
}

function parseFloating(type: 'f32' | 'f64', value: MetadataSetting['value']): number | null {
  if (typeof value !== 'number') return null
  return Number.isFinite(type === 'f32' ? Math.fround(value) : value) ? value : null
}

function parseDecimal(value: MetadataSetting['value']): bigint | null {
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : null
}

function parseInteger(value: MetadataSetting['value']): bigint | null {
  return Number.isSafeInteger(value) ? BigInt(value) : null
}

function expectation(type: ScalarType): string {
  const range = INTEGERS[type]
  if (range) return `${type}, a whole number from ${range[0]} to ${range[1]}`
  if (type === 'bool') return 'bool, true or false'
  return type === 'string' ? 'string, a text' : `${type}, a finite number`
}

function bad(key: string, what: string, expected: string): QuantaloupeError {
  return new QuantaloupeError('BAD_METADATA', `The metadata key ${JSON.stringify(key)} ${what}`, { expected })
}
