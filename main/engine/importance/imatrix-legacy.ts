import { LIMITS } from '../formats/limits.ts'
import { averageSums, readFloats } from './importance-values.ts'
import type { ByteReader } from '../formats/byte-reader.ts'
import type { Imatrix, ImportanceEntry } from './imatrix.ts'

/** Name length, one byte of name, calls, value count, one value. */
const LEAST_ENTRY_BYTES = 17
const MAX_DATASET_BYTES = 4096

/**
 * Reads a legacy importance file: little endian, without a magic number, so every number is checked before it is used.
 *
 * Entries are name, calls and values (sums, to be divided by the calls); behind them may follow the number of chunks
 * and the name of the text.
 *
 * @throws QuantaloupeError `NOT_AN_IMATRIX`, `BAD_IMPORTANCE`, `TRUNCATED`
 */
export function readLegacyImatrix(reader: ByteReader): Imatrix {
  const count = reader.remaining < 4 ? 0 : reader.i32('the entry count')
  checkRange(
    reader,
    count,
    1,
    Math.max(1, Math.floor(reader.remaining / LEAST_ENTRY_BYTES)),
    'entry count',
    0,
  )
  const entries = new Map<string, ImportanceEntry>()
  for (let index = 0; index < count; index++) {
    const start = reader.position
    const [name, entry] = readEntry(reader)
    if (entries.has(name)) {
      throw reader.error('DUPLICATE_TENSOR', `The importance of ${name} occurs twice`, start, 'unique names')
    }
    entries.set(name, entry)
  }
  return { path: reader.path, kind: 'legacy', entries, ...readTrailer(reader) }
}

function readEntry(reader: ByteReader): [string, ImportanceEntry] {
  const nameLength = readCount(reader, 1, LIMITS.tensorNameBytes, 'length of a name')
  const name = reader.nameText(nameLength, 'name of a tensor')
  const calls = readCount(reader, 0, 2 ** 31 - 1, `number of calls of ${name}`)
  const mostValues = Math.floor((reader.remaining - 4) / 4)
  const valueCount = readCount(reader, 1, mostValues, `value count of ${name}`)
  const offset = reader.position
  const sums = readFloats(reader, valueCount, `the values of ${name}`)
  return [name, averageSums(reader, name, sums, [Math.fround(calls)], offset)]
}

function readCount(reader: ByteReader, least: number, most: number, what: string): number {
  const at = reader.position
  const value = reader.i32(`the ${what}`)
  checkRange(reader, value, least, most, what, at)
  return value
}

function checkRange(
  reader: ByteReader,
  value: number,
  least: number,
  most: number,
  what: string,
  at: number,
): void {
  if (value >= least && value <= most) return
  throw reader.error(
    'NOT_AN_IMATRIX',
    `This is not an importance matrix: ${what} ${value}`,
    at,
    `${least} to ${most}`,
    {
      remedy: "Choose a file made by llama.cpp's llama-imatrix.",
    },
  )
}

/** Old files end with the entries. */
function readTrailer(reader: ByteReader): Pick<Imatrix, 'datasets' | 'chunkCount'> {
  if (reader.remaining < 8) return { datasets: [], chunkCount: null }
  const chunkCount = reader.i32('the chunk count')
  const length = readCount(
    reader,
    0,
    Math.min(reader.remaining - 4, MAX_DATASET_BYTES),
    'length of the data set name',
  )
  return { datasets: length === 0 ? [] : [reader.text(length, 'the data set name')], chunkCount }
}
