import { QuantaloupeError } from '../engine/errors.ts'
import { SCALAR_TYPES } from '../services/exports/metadata-settings.ts'
import type { MetadataSetting, ScalarType } from '../../preload/contract.ts'

/** `--kv KEY=TYPE:VALUE`; the value may hold any character, also `=` and `:`. */
const SETTING = /^([^=]*)=([^:]*):(.*)$/s

/**
 * What `--kv` sets, in the form of the contract. Keys and ranges are checked by the export itself.
 *
 * @throws QuantaloupeError `BAD_METADATA` for another form, an unknown type, or text that is no value of the type
 */
export function parseSetting(text: string): MetadataSetting {
  const [, key = '', typeName = '', value = ''] = SETTING.exec(text) ?? []
  if (key === '') {
    throw bad(`--kv ${text} is incomplete`, 'KEY=TYPE:VALUE, such as general.name=string:My model')
  }
  const type = SCALAR_TYPES.find((candidate) => candidate === typeName)
  if (!type) throw bad(`--kv ${text} has the unknown type ${typeName}`, `one of ${SCALAR_TYPES.join(', ')}`)
  const parsed = parseValue(type, value)
  if (parsed === null) throw bad(`--kv ${key} cannot be ${JSON.stringify(value)}`, `a value of type ${type}`)
  return { key, type, value: parsed }
}

/** Null for text that is no value of the type. */
function parseValue(type: ScalarType, text: string): MetadataSetting['value'] | null {
  if (type === 'string') return text
  if (type === 'bool') return text === 'true' || (text === 'false' ? false : null)
  if (type === 'f32' || type === 'f64') return isNumber(text) ? Number(text) : null
  if (!/^-?\d+$/.test(text)) return null
  // JSON has no 64-bit integers.
  return type === 'u64' || type === 'i64' ? text : Number(text)
}

const isNumber = (text: string): boolean => /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)

function bad(sentence: string, expected: string): QuantaloupeError {
  return new QuantaloupeError('BAD_METADATA', sentence, { expected })
}
