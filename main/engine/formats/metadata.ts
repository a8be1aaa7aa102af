import { ByteReader } from './byte-reader.ts'
import { FileBytes } from './file-bytes.ts'
import { readArrayHead, readScalar, readStringLength, VALUE_BYTES, walkArray } from './gguf-values.ts'
import { LIMITS } from './limits.ts'
import type { MetadataEntry, Model, Scalar } from './model.ts'
import type { WalkBudget } from './gguf-values.ts'

/** Elements returned by one call at most. */
const PAGE_ELEMENTS = 10_000

export function metadataString(model: Pick<Model, 'metadata'>, key: string): string | null {
  const value = model.metadata.get(key)?.value
  return typeof value === 'string' ? value : null
}

/** An integer or float of any width; null for other types and integers beyond 2^53. */
export function metadataNumber(model: Pick<Model, 'metadata'>, key: string): number | null {
  const value = model.metadata.get(key)?.value
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value)
  return null
}

/**
 * Reads some elements of an array that was left in the file.
 *
 * Arrays in arrays come back as a text that says what they are, such as `array of 3 u32`.
 *
 * @param offset first element
 * @param length elements wanted; at most 10,000 and what the array has are returned
 * @throws QuantaloupeError `FILE_CHANGED`
 */
export function readMetadataArray(
  model: Pick<Model, 'files' | 'littleEndian'>,
  entry: MetadataEntry,
  offset: number,
  length: number,
): Scalar[] {
  const { array } = entry
  const expected = model.files[entry.file]
  if (array === undefined || expected === undefined) return []
  const first = Math.min(Math.max(0, offset), array.length)
  const count = Math.min(Math.max(0, length), array.length - first, PAGE_ELEMENTS)
  return FileBytes.with(expected.path, (file) => {
    file.checkUnchanged(expected)
    const reader = new ByteReader(file, array.offsetBytes, entry.offsetBytes + entry.bytes)
    reader.littleEndian = model.littleEndian
    const budget = { walked: 0, text: LIMITS.shownTextBytes }
    skipElements(reader, array.elementType, first, entry.key, budget)
    return Array.from({ length: count }, () => readElement(reader, array.elementType, entry.key, budget))
  })
}

type ElementType = NonNullable<MetadataEntry['array']>['elementType']

function skipElements(
  reader: ByteReader,
  type: ElementType,
  count: number,
  what: string,
  budget: WalkBudget,
): void {
  if (type !== 'string' && type !== 'array') {
    reader.skip(count * VALUE_BYTES[type], what)
    return
  }
  for (let index = 0; index < count; index++) {
    if (type === 'string') reader.skip(readStringLength(reader, what), what)
    else walkArray(reader, readArrayHead(reader, what), what, budget, 2)
  }
}

function readElement(
  reader: ByteReader,
  type: ElementType,
  what: string,
  budget: WalkBudget & { text: number },
): Scalar {
  if (type === 'array') {
    const head = readArrayHead(reader, what)
    walkArray(reader, head, what, budget, 2)
    return `array of ${head.length} ${head.elementType}`
  }
  const value = readScalar(reader, type, what, Math.min(budget.text, LIMITS.shownStringBytes))
  if (typeof value === 'string') budget.text -= Math.min(budget.text, value.length)
  return value
}
