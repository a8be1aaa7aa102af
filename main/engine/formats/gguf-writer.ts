import { QuantaloupeError } from '../errors.ts'
import { typeById } from '../tensor/type-geometry.ts'
import { swapMetadataEntry } from './byte-order.ts'
import { ByteWriter, encodeEntry } from './byte-writer.ts'
import { FileBytes } from './file-bytes.ts'
import { DEFAULT_ALIGNMENT, GGUF_MAGIC } from './gguf-header.ts'
import { MAX_NAME_BYTES } from './limits.ts'
import { padTo } from './gguf-placement.ts'
import type { MetadataEntry, Model, Scalar, ScalarType } from './model.ts'

const VERSION = 3

const MAX_DIMENSIONS = 4

/** `general.quantization_version` of ggml's current block layouts. */
const QUANTIZATION_VERSION = 2

export interface Override {
  readonly type: ScalarType
  readonly value: Scalar
}

/** A tensor as it will be stored. */
export interface OutputTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly typeId: number
  /** Without padding. */
  readonly bytes: number
}

export interface LayoutOptions {
  /** Where the metadata comes from. */
  readonly source: Model
  /** Keys to set (in place, or appended in this order) or, with null, to leave out. */
  readonly overrides: ReadonlyMap<string, Override | null>
  /** In output order. */
  readonly tensors: readonly OutputTensor[]
  /** A power of two. */
  readonly alignment?: number
}

/** Where everything will be, known before a byte is written. */
export interface GgufLayout {
  /** Up to the data section, padding included. */
  readonly header: Uint8Array
  /** Absolute, in the order of the tensors given. */
  readonly tensorOffsets: readonly number[]
  /** With the zeros behind each tensor up to the alignment, the last one too. */
  readonly fileBytes: number
}

export interface GgufSize {
  /** Up to the data section, padding included. */
  readonly headerBytes: number
  readonly fileBytes: number
}

/** A metadata entry of the output: copied from the source or encoded here. */
type OutputEntry = { readonly copied: MetadataEntry } | { readonly encoded: Uint8Array }

/**
 * Lays out a GGUF v3 file, little endian.
 *
 * Metadata keeps its bytes and order, except the overrides, `split.*` (left out) and `general.alignment` (made true).
 * `general.quantization_version` is set where a tensor is quantized and the overrides do not say otherwise.
 *
 * @throws QuantaloupeError `UNSUPPORTED_SOURCE`, `UNSUPPORTED_TENSOR`, `FILE_CHANGED`
 */
export function layoutGguf(options: LayoutOptions): GgufLayout {
  const { source, tensors } = options
  const { entries, dataStart, offsets, fileBytes } = arrange(options)
  const writer = new ByteWriter(dataStart)
  writer.u32(GGUF_MAGIC)
  writer.u32(VERSION)
  writer.u64(tensors.length)
  writer.u64(entries.length)
  writeEntries(writer, source, entries)
  tensors.forEach((tensor, index) => writeTensorInfo(writer, tensor, offsets[index] ?? 0))
  const tensorOffsets = offsets.map((offset) => dataStart + offset)
  return { header: writer.bytes, tensorOffsets, fileBytes }
}

/**
 * The size of what {@link layoutGguf} lays out. Reads nothing, so it does not notice that the source has changed.
 *
 * @throws QuantaloupeError `UNSUPPORTED_SOURCE`, `UNSUPPORTED_TENSOR`
 */
export function measureGguf(options: LayoutOptions): GgufSize {
  const { dataStart, fileBytes } = arrange(options)
  return { headerBytes: dataStart, fileBytes }
}

interface Arrangement {
  readonly entries: readonly OutputEntry[]
  readonly dataStart: number
  /** In the data section. */
  readonly offsets: readonly number[]
  readonly fileBytes: number
}

function arrange(options: LayoutOptions): Arrangement {
  const { source, tensors, alignment = DEFAULT_ALIGNMENT } = options
  if (source.container !== 'gguf') throw unsupportedSource(source)
  tensors.forEach(checkTensor)
  const entries = outputEntries(source, completeOverrides(options, alignment))
  const infoBytes = tensors.reduce((sum, tensor) => sum + tensorInfoBytes(tensor), 0)
  const entryBytes = entries.reduce((sum, entry) => sum + entryLength(entry), 0)
  const dataStart = padTo(alignment, 24 + entryBytes + infoBytes)
  const { offsets, dataBytes } = placeInOrder(tensors, alignment)
  return { entries, dataStart, offsets, fileBytes: dataStart + dataBytes }
}

function unsupportedSource(source: Model): QuantaloupeError {
  return new QuantaloupeError('UNSUPPORTED_SOURCE', 'A GGUF file cannot be made from this model alone', {
    place: source.path,
    expected: 'a GGUF model, which has the tokenizer and the architecture in its metadata',
    remedy: 'Convert it to GGUF first.',
  })
}

function checkTensor(tensor: OutputTensor): void {
  const type = typeById(tensor.typeId)
  const weights = tensor.shape.reduce((product, size) => product * size, 1)
  if (type !== undefined && (weights / type.blockSize) * type.blockBytes !== tensor.bytes) {
    throw new RangeError(`${tensor.name} does not have ${tensor.bytes} bytes as ${type.name}`)
  }
  const nameBytes = Buffer.byteLength(tensor.name)
  if (nameBytes <= MAX_NAME_BYTES && tensor.shape.length <= MAX_DIMENSIONS) return
  const found = `a name of ${nameBytes} bytes and ${tensor.shape.length} dimensions`
  throw new QuantaloupeError('UNSUPPORTED_TENSOR', `llama.cpp cannot load a tensor with ${found}`, {
    place: tensor.name,
    expected: `at most ${MAX_NAME_BYTES} bytes and ${MAX_DIMENSIONS} dimensions`,
  })
}

/** The caller's overrides and those that follow from the layout itself. */
function completeOverrides(
  { source, overrides, tensors }: LayoutOptions,
  alignment: number,
): Map<string, Override | null> {
  const complete = new Map(overrides)
  for (const key of source.metadata.keys()) {
    if (key.startsWith('split.')) complete.set(key, null)
  }
  const isQuantized = tensors.some((tensor) => typeById(tensor.typeId)?.kind === 'quantized')
  if (isQuantized && !overrides.has('general.quantization_version')) {
    complete.set('general.quantization_version', { type: 'u32', value: QUANTIZATION_VERSION })
  }
  complete.delete('general.alignment')
  if (alignment !== DEFAULT_ALIGNMENT || source.metadata.has('general.alignment')) {
    complete.set('general.alignment', { type: 'u32', value: alignment })
  }
  return complete
}

function outputEntries(source: Model, overrides: ReadonlyMap<string, Override | null>): OutputEntry[] {
  const entries: OutputEntry[] = []
  for (const [key, copied] of source.metadata) {
    const override = overrides.get(key)
    if (override === undefined) entries.push({ copied })
    else if (override !== null) entries.push({ encoded: encodeEntry(key, override.type, override.value) })
  }
  for (const [key, override] of overrides) {
    if (override === null || source.metadata.has(key)) continue
    entries.push({ encoded: encodeEntry(key, override.type, override.value) })
  }
  return entries
}

function entryLength(entry: OutputEntry): number {
  return 'copied' in entry ? entry.copied.bytes : entry.encoded.length
}

/** Copies stretches of the source's headers; each file is checked to be the one that was opened. */
function writeEntries(writer: ByteWriter, source: Model, entries: readonly OutputEntry[]): void {
  const files = new Map<number, FileBytes>()
  try {
    for (const entry of entries) {
      if ('encoded' in entry) writer.raw(entry.encoded)
      else copyEntry(writer, source, entry.copied, files)
    }
  } finally {
    for (const file of files.values()) file.close()
  }
}

function copyEntry(
  writer: ByteWriter,
  source: Model,
  entry: MetadataEntry,
  files: Map<number, FileBytes>,
): void {
  const file = files.get(entry.file) ?? openUnchanged(source, entry.file)
  files.set(entry.file, file)
  const target = writer.reserve(entry.bytes)
  file.readInto(entry.offsetBytes, target)
  if (!source.littleEndian) swapMetadataEntry(target)
}

function openUnchanged(source: Model, index: number): FileBytes {
  const expected = source.files[index]
  if (expected === undefined) throw new RangeError(`The model has no file ${index}`)
  const file = FileBytes.open(expected.path)
  try {
    file.checkUnchanged(expected)
    return file
  } catch (error) {
    file.close()
    throw error
  }
}

function tensorInfoBytes(tensor: OutputTensor): number {
  return 8 + Buffer.byteLength(tensor.name) + 4 + 8 * tensor.shape.length + 4 + 8
}

/** Offsets in the data section, as ggml wants them: the running sum of the padded sizes. */
function placeInOrder(
  tensors: readonly OutputTensor[],
  alignment: number,
): { offsets: number[]; dataBytes: number } {
  const offsets: number[] = []
  let dataBytes = 0
  for (const tensor of tensors) {
    offsets.push(dataBytes)
    dataBytes = padTo(alignment, dataBytes + tensor.bytes)
  }
  return { offsets, dataBytes }
}

function writeTensorInfo(writer: ByteWriter, tensor: OutputTensor, offset: number): void {
  writer.text(tensor.name)
  writer.u32(tensor.shape.length)
  for (const size of tensor.shape) writer.u64(size)
  writer.u32(tensor.typeId)
  writer.u64(offset)
}
