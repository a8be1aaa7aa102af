import { LIMITS } from './limits.ts'
import {
  readArrayHead,
  readScalar,
  readStringLength,
  readText,
  readValueType,
  walkArray,
} from './gguf-values.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ScalarType } from './model.ts'
import type { Finding, MetadataEntry } from './model.ts'
import type { WalkBudget } from './gguf-values.ts'

/** What is left of the text a file may have decoded, and of the walking it may cause. */
interface Budget extends WalkBudget {
  text: number
}

/**
 * Reads `count` key/value pairs. Scalars are decoded, arrays are walked and stay in the file.
 *
 * Strings beyond the limits of what is shown are cut, with a warning; the file's own bytes stay whole.
 *
 * @param file index of the file in the model
 */
export function readMetadata(
  reader: ByteReader,
  count: number,
  file: number,
  warnings: Finding[],
): Map<string, MetadataEntry> {
  const entries = new Map<string, MetadataEntry>()
  const budget: Budget = { walked: 0, text: LIMITS.shownTextBytes }
  for (let index = 0; index < count; index++) {
    const start = reader.position
    const entry = readEntry(reader, file, budget, warnings)
    if (entries.has(entry.key)) {
      throw reader.error('DUPLICATE_KEY', `The metadata key ${entry.key} occurs twice`, start, 'unique keys')
    }
    entries.set(entry.key, entry)
  }
  return entries
}

function readEntry(reader: ByteReader, file: number, budget: Budget, warnings: Finding[]): MetadataEntry {
  const offsetBytes = reader.position
  const key = readKey(reader)
  const type = readValueType(reader, `value type of ${key}`)
  if (type !== 'array') {
    const value = type === 'string' ? readShown(reader, key, budget, warnings) : scalarOf(reader, type, key)
    return { key, type, value, file, offsetBytes, bytes: reader.position - offsetBytes }
  }
  const head = readArrayHead(reader, key)
  const array = { ...head, offsetBytes: reader.position }
  walkArray(reader, head, key, budget)
  return { key, type, array, file, offsetBytes, bytes: reader.position - offsetBytes }
}

function scalarOf(reader: ByteReader, type: ScalarType, key: string) {
  return readScalar(reader, type, key, 0)
}

function readKey(reader: ByteReader): string {
  const at = reader.position
  const length = readStringLength(reader, 'a metadata key')
  if (length === 0 || length > LIMITS.keyBytes) {
    throw reader.error('BAD_KEY', `A metadata key has ${length} bytes`, at, `1 to ${LIMITS.keyBytes} bytes`)
  }
  return reader.nameText(length, 'metadata key')
}

function readShown(reader: ByteReader, key: string, budget: Budget, warnings: Finding[]): string {
  const limit = Math.min(budget.text, LIMITS.shownStringBytes)
  const { text, complete } = readText(reader, key, limit)
  budget.text -= Math.min(limit, text.length)
  if (!complete) {
    warnings.push({ code: 'LONG_STRING', message: `The value of ${key} is too long and shown cut off` })
  }
  return text
}
