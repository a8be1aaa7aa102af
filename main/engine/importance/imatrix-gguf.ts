import { ByteReader } from '../formats/byte-reader.ts'
import { readGgufHeader } from '../formats/gguf-header.ts'
import { readMetadataArray } from '../formats/metadata.ts'
import { typeByName } from '../tensor/type-geometry.ts'
import { averageSums, readFloats } from './importance-values.ts'
import type { FileBytes } from '../formats/file-bytes.ts'
import type { GgufHeader } from '../formats/gguf-header.ts'
import type { PlacedTensor } from '../formats/gguf-placement.ts'
import type { Imatrix, ImportanceEntry } from './imatrix.ts'

const SUMS = '.in_sum2'
const COUNTS = '.counts'

/** Names of texts that are kept. */
const MAX_DATASETS = 100

/**
 * Reads an importance file in GGUF form: `NAME.in_sum2` (sums of squares, per expert) and `NAME.counts` for each weight.
 *
 * @throws QuantaloupeError `NOT_AN_IMATRIX`, `BAD_IMATRIX`, `BAD_IMPORTANCE`
 */
export function readGgufImatrix(file: FileBytes): Imatrix {
  const header = readGgufHeader(file)
  const reader = new ByteReader(file)
  reader.littleEndian = header.littleEndian
  if (header.metadata.get('general.type')?.value !== 'imatrix') {
    throw reader.error(
      'NOT_AN_IMATRIX',
      'This GGUF file is not an importance matrix',
      0,
      'general.type = imatrix',
      {
        remedy: "Choose a file made by llama.cpp's llama-imatrix.",
      },
    )
  }
  const tensors = new Map(header.tensors.map((tensor) => [tensor.name, tensor]))
  const entries = new Map<string, ImportanceEntry>()
  for (const tensor of header.tensors) {
    if (!tensor.name.endsWith(SUMS)) continue
    const name = tensor.name.slice(0, -SUMS.length)
    entries.set(name, readEntry(reader, name, tensor, tensors.get(`${name}${COUNTS}`)))
  }
  const chunks = header.metadata.get('imatrix.chunk_count')?.value
  const chunkCount = typeof chunks === 'number' ? chunks : null
  return { path: file.path, kind: 'gguf', entries, datasets: readDatasets(file, header), chunkCount }
}

function readEntry(
  reader: ByteReader,
  name: string,
  sums: PlacedTensor,
  counts: PlacedTensor | undefined,
): ImportanceEntry {
  if (counts === undefined) {
    throw reader.error('BAD_IMATRIX', `${name} has sums without counts`, sums.infoOffset, `${name}${COUNTS}`)
  }
  const countValues = readTensor(reader, counts)
  const sumValues = readTensor(reader, sums)
  const isWhole = sumValues.length > 0 && sumValues.length % countValues.length === 0
  if (!isWhole) {
    const message = `${name} has ${sumValues.length} sums for ${countValues.length} counts`
    throw reader.error('BAD_IMATRIX', message, sums.infoOffset, 'as many sums for each count')
  }
  const badCount = countValues.findIndex((count) => !(count >= 0 && count < Infinity))
  if (badCount >= 0) {
    const message = `Count ${badCount} of the importance of ${name} is ${countValues[badCount]}`
    const offset = counts.offsetBytes + badCount * 4
    throw reader.error('BAD_IMPORTANCE', message, offset, 'a finite number that is not negative')
  }
  return averageSums(reader, name, sumValues, [...countValues], sums.offsetBytes)
}

function readTensor(reader: ByteReader, tensor: PlacedTensor): Float32Array {
  if (tensor.typeId !== typeByName('F32')?.id) {
    throw reader.error('BAD_IMATRIX', `${tensor.name} has an unexpected type`, tensor.infoOffset, 'F32')
  }
  reader.position = tensor.offsetBytes
  return readFloats(reader, tensor.bytes / 4, tensor.name)
}

function readDatasets(file: FileBytes, { metadata, littleEndian }: GgufHeader): string[] {
  const entry = metadata.get('imatrix.datasets')
  if (entry?.array?.elementType !== 'string') return []
  return readMetadataArray({ files: [file.identify()], littleEndian }, entry, 0, MAX_DATASETS).map(String)
}
