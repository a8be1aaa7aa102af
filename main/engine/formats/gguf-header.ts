import { ByteReader } from './byte-reader.ts'
import { LIMITS } from './limits.ts'
import { readMetadata } from './gguf-metadata.ts'
import { readTensorInfos } from './gguf-tensors.ts'
import { padTo, placeTensors } from './gguf-placement.ts'
import type { FileBytes } from './file-bytes.ts'
import type { Finding, MetadataEntry } from './model.ts'
import type { PlacedTensor } from './gguf-placement.ts'

export const GGUF_MAGIC = 0x46554747
export const DEFAULT_ALIGNMENT = 32

/** A key/value pair and a tensor entry take at least this much: empty strings, no dimensions. */
const LEAST_ENTRY_BYTES = 14
const LEAST_TENSOR_BYTES = 24

/** The checked header of one GGUF file. */
export interface GgufHeader {
  readonly version: number
  readonly littleEndian: boolean
  readonly alignment: number
  /** In file order. */
  readonly metadata: ReadonlyMap<string, MetadataEntry>
  /** In listing order. */
  readonly tensors: readonly PlacedTensor[]
  readonly warnings: readonly Finding[]
}

/**
 * Reads and checks the header of a GGUF file, version 2 or 3, of either byte order.
 *
 * @param fileIndex index the metadata entries carry
 * @throws QuantaloupeError with the offset of what is wrong: see `README.md`
 */
export function readGgufHeader(file: FileBytes, fileIndex = 0): GgufHeader {
  const reader = new ByteReader(file)
  const version = readVersion(reader)
  const countsAt = reader.position
  const tensorCount = reader.size('the tensor count')
  const entryCount = reader.size('the metadata count')
  checkCounts(reader, countsAt, tensorCount, entryCount)
  const warnings: Finding[] = []
  const metadata = readMetadata(reader, entryCount, fileIndex, warnings)
  const alignment = readAlignment(reader, metadata)
  const infos = readTensorInfos(reader, tensorCount)
  const dataStart = padTo(alignment, reader.position)
  const tensors = placeTensors(reader, infos, dataStart, alignment, warnings)
  return { version, littleEndian: reader.littleEndian, alignment, metadata, tensors, warnings }
}

/** The format has no byte-order mark: a version whose low half is zero was written in the other order. */
function readVersion(reader: ByteReader): number {
  const magic = reader.u32('the magic number')
  if (magic !== GGUF_MAGIC)
    throw reader.error('NOT_A_MODEL', 'This is not a GGUF file', 0, 'the bytes "GGUF"')
  const at = reader.position
  const word = reader.u32('the version')
  if (word === 0 || (word & 0xffff) !== 0) return checkVersion(reader, word, at)
  reader.littleEndian = false
  reader.position = at
  return checkVersion(reader, reader.u32('the version'), at)
}

function checkVersion(reader: ByteReader, version: number, at: number): number {
  if (version === 2 || version === 3) return version
  const remedy =
    version === 1
      ? 'Version 1 is obsolete: convert the model again with a current converter.'
      : 'The file is damaged, or newer than this program.'
  throw reader.error('UNSUPPORTED_VERSION', `GGUF version ${version} is not read`, at, 'version 2 or 3', {
    remedy,
  })
}

function checkCounts(reader: ByteReader, at: number, tensors: number, entries: number): void {
  checkCount(reader, at, 'tensors', tensors, LIMITS.tensors, LEAST_TENSOR_BYTES)
  checkCount(reader, at + 8, 'metadata entries', entries, LIMITS.keys, LEAST_ENTRY_BYTES)
  const needed = tensors * LEAST_TENSOR_BYTES + entries * LEAST_ENTRY_BYTES
  if (needed <= reader.remaining) return
  const expected = `at least ${needed} bytes, ${reader.remaining} are left`
  throw reader.error('COUNT_TOO_LARGE', 'The file is too short for its tensors and metadata', at, expected)
}

function checkCount(
  reader: ByteReader,
  at: number,
  what: string,
  count: number,
  limit: number,
  least: number,
) {
  const expected = `at most ${Math.min(limit, Math.floor(reader.remaining / least))}`
  if (count <= limit && count * least <= reader.remaining) return
  throw reader.error('COUNT_TOO_LARGE', `The file claims ${count} ${what}`, at, expected)
}

function readAlignment(reader: ByteReader, metadata: ReadonlyMap<string, MetadataEntry>): number {
  const entry = metadata.get('general.alignment')
  if (entry === undefined) return DEFAULT_ALIGNMENT
  const value = entry.type === 'u32' ? Number(entry.value) : 0
  if (value > 0 && value <= LIMITS.alignmentBytes && Number.isInteger(Math.log2(value))) return value
  const found = entry.type === 'u32' ? `${value}` : `of type ${entry.type}`
  const expected = `a u32, a power of two up to ${LIMITS.alignmentBytes}`
  throw reader.error('BAD_ALIGNMENT', `general.alignment is ${found}`, entry.offsetBytes, expected)
}
