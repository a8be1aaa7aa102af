import { countOf } from './wording.ts'
import { typeByDtype } from '../tensor/type-geometry.ts'
import { ByteReader } from './byte-reader.ts'
import { checkedProduct } from './gguf-tensors.ts'
import { JsonReader } from './json-reader.ts'
import { LIMITS } from './limits.ts'
import type { FileBytes } from './file-bytes.ts'
import type { MetadataEntry } from './model.ts'

/** A tensor's entry in a safetensors header. */
export interface SafetensorsEntry {
  readonly name: string
  readonly dtype: string
  /** ggml order: the stored shape reversed. */
  readonly shape: readonly number[]
  /** Absolute. */
  readonly offsetBytes: number
  readonly bytes: number
  /** Where the entry begins in the file. */
  readonly infoOffset: number
}

export interface SafetensorsHeader {
  /** By place in the file. */
  readonly tensors: readonly SafetensorsEntry[]
  /** The strings of `__metadata__`. */
  readonly metadata: readonly MetadataEntry[]
}

const METADATA_KEY = '__metadata__'
const DTYPE_BYTES = 32

/**
 * Reads and checks the header of a safetensors file as strictly as its reference implementation: the tensors must
 * fill the data section without holes or overlap.
 *
 * @param fileIndex index the metadata entries carry
 * @throws QuantaloupeError with the offset of what is wrong: see `README.md`
 */
export function readSafetensorsHeader(file: FileBytes, fileIndex = 0): SafetensorsHeader {
  const dataStart = 8 + readHeaderLength(new ByteReader(file))
  const reader = new ByteReader(file, 8, dataStart)
  checkOpening(reader)
  const json = new JsonReader(reader)
  const tensors: SafetensorsEntry[] = []
  let metadata: MetadataEntry[] = []
  json.object((key, offset) => {
    if (key === METADATA_KEY) metadata = readStrings(json, reader, fileIndex)
    else tensors.push(readTensor(json, reader, key, offset, dataStart))
    if (tensors.length > LIMITS.tensors) {
      throw reader.error(
        'COUNT_TOO_LARGE',
        'The file has too many tensors',
        offset,
        `at most ${LIMITS.tensors}`,
      )
    }
  })
  json.finish()
  tensors.sort((a, b) => a.offsetBytes - b.offsetBytes || a.bytes - b.bytes)
  checkPlacement(reader, tensors, dataStart, file.size)
  return { tensors, metadata }
}

function readHeaderLength(reader: ByteReader): number {
  const length = reader.size('the header length')
  if (length > LIMITS.safetensorsHeaderBytes) {
    const expected = `at most ${LIMITS.safetensorsHeaderBytes} bytes`
    throw reader.error('HEADER_TOO_LARGE', `The header length is ${length}`, 0, expected)
  }
  if (length > reader.remaining) throw reader.truncated('the header', length)
  return length
}

function checkOpening(reader: ByteReader): void {
  if (reader.remaining > 0 && reader.u8('the header') === 0x7b) {
    reader.position = 8
    return
  }
  throw reader.error('BAD_JSON', 'The header is not a JSON object', 8, '"{"')
}

function readStrings(json: JsonReader, reader: ByteReader, file: number): MetadataEntry[] {
  const entries: MetadataEntry[] = []
  if (json.kind() !== 'object') {
    throw reader.error(
      'BAD_METADATA',
      `${METADATA_KEY} is not an object`,
      json.position,
      'an object of texts',
    )
  }
  let budget: number = LIMITS.shownTextBytes
  json.object((key, offsetBytes) => {
    if (json.kind() !== 'string') {
      throw reader.error('BAD_METADATA', `${METADATA_KEY}.${key} is not a text`, json.position, 'a text')
    }
    const value = json.string(Math.min(budget, LIMITS.jsonTextBytes))
    budget = Math.max(0, budget - key.length - value.length)
    if (entries.length === LIMITS.metadataTexts) {
      const expected = `at most ${LIMITS.metadataTexts}`
      throw reader.error('COUNT_TOO_LARGE', `${METADATA_KEY} has too many texts`, offsetBytes, expected)
    }
    entries.push({ key, type: 'string', value, file, offsetBytes, bytes: json.position - offsetBytes })
  })
  return entries
}

function readTensor(
  json: JsonReader,
  reader: ByteReader,
  name: string,
  infoOffset: number,
  dataStart: number,
): SafetensorsEntry {
  checkName(reader, name, infoOffset)
  if (json.kind() !== 'object') {
    throw reader.error('BAD_TENSOR', `${name} is not described by an object`, json.position, 'an object')
  }
  let dtype: string | null = null
  let shape: number[] | null = null
  let range: number[] | null = null
  json.object((key) => {
    if (key === 'dtype') dtype = readDtype(json, reader, name)
    else if (key === 'shape') shape = readSizes(json, reader, name, LIMITS.safetensorsDimensions)
    else if (key === 'data_offsets') range = readSizes(json, reader, name, 2)
    else json.skip()
  })
  return place(reader, { name, dtype, shape, range, infoOffset }, dataStart)
}

function checkName(reader: ByteReader, name: string, at: number): void {
  if (name !== '' && name.length <= LIMITS.tensorNameBytes && !/\p{Cc}/u.test(name)) return
  const expected = `1 to ${LIMITS.tensorNameBytes} characters, no control characters`
  throw reader.error('BAD_TENSOR_NAME', 'A tensor has an unusable name', at, expected)
}

function readDtype(json: JsonReader, reader: ByteReader, name: string): string {
  const at = json.position
  if (json.kind() === 'string') {
    const dtype = json.string(DTYPE_BYTES)
    if (/^\w+$/.test(dtype)) return dtype
  }
  throw reader.error('BAD_TENSOR', `The dtype of ${name} is unusable`, at, 'a name such as "F16"')
}

function readSizes(json: JsonReader, reader: ByteReader, name: string, most: number): number[] {
  const at = json.position
  if (json.kind() !== 'array')
    throw reader.error('BAD_TENSOR', `${name} lacks a list of numbers`, at, 'a list')
  const sizes: number[] = []
  json.array(() => {
    if (sizes.length === most) {
      throw reader.error(
        'TOO_MANY_DIMENSIONS',
        `A list of ${name} is too long`,
        at,
        `at most ${most} numbers`,
      )
    }
    sizes.push(json.size(`number in ${name}`))
  })
  return sizes
}

interface Described {
  readonly name: string
  readonly dtype: string | null
  readonly shape: number[] | null
  readonly range: number[] | null
  readonly infoOffset: number
}

/** Checks that the described bytes lie in the file and are as many as type and shape need. */
function place(reader: ByteReader, described: Described, dataStart: number): SafetensorsEntry {
  const { name, dtype, shape, infoOffset } = described
  const [begin, end] = described.range ?? []
  if (dtype === null || shape === null || begin === undefined || end === undefined) {
    const expected = 'dtype, shape and two data_offsets'
    throw reader.error('BAD_TENSOR', `${name} is not described completely`, infoOffset, expected)
  }
  checkedProduct(reader, name, shape, infoOffset)
  if (end < begin) {
    throw reader.error(
      'BAD_TENSOR',
      `${name} ends at ${end}, before it begins at ${begin}`,
      infoOffset,
      'begin <= end',
    )
  }
  checkBytes(reader, { name, dtype, shape, infoOffset }, end - begin)
  const entry = { name, dtype, shape: shape.toReversed(), bytes: end - begin, infoOffset }
  return { ...entry, offsetBytes: dataStart + begin }
}

function checkBytes(
  reader: ByteReader,
  { name, dtype, shape, infoOffset }: Pick<SafetensorsEntry, 'name' | 'dtype' | 'shape' | 'infoOffset'>,
  bytes: number,
): void {
  const type = typeByDtype(dtype)
  if (type === undefined) return
  const elements = shape.reduce((product, size) => product * BigInt(size), 1n)
  if (elements * BigInt(type.blockBytes) === BigInt(bytes) * BigInt(type.blockSize)) return
  const needed = (Number(elements) / type.blockSize) * type.blockBytes
  const message = `${name} has ${countOf(bytes, 'byte')}, its type ${dtype} and shape [${shape.join(', ')}] need ${needed}`
  throw reader.error('BAD_TENSOR_SIZE', message, infoOffset, `${needed} bytes`)
}

function checkPlacement(
  reader: ByteReader,
  tensors: readonly SafetensorsEntry[],
  dataStart: number,
  fileBytes: number,
): void {
  let end = dataStart
  for (const tensor of tensors) {
    if (tensor.offsetBytes !== end) {
      const code = tensor.offsetBytes < end ? 'TENSOR_OVERLAP' : 'TENSOR_GAP'
      const message = `${tensor.name} begins at ${tensor.offsetBytes - dataStart} of the data section`
      throw reader.error(
        code,
        message,
        tensor.infoOffset,
        `${end - dataStart}, where the tensor before it ends`,
      )
    }
    end += tensor.bytes
    if (end > fileBytes) {
      const message = `${tensor.name} reaches ${countOf(end - fileBytes, 'byte')} beyond the end of the file`
      const remedy = 'The file is cut off or damaged: copy or download it again.'
      throw reader.error('TENSOR_OUTSIDE', message, tensor.infoOffset, 'a tensor inside the file', { remedy })
    }
  }
  if (end === fileBytes) return
  throw reader.error(
    'TRAILING_BYTES',
    `${countOf(fileBytes - end, 'byte')} behind the last tensor`,
    end,
    'the end of the file',
  )
}
