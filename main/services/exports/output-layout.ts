import { fileTypeOf } from '../../engine/allocation/file-type-of.ts'
import { presetOf } from '../../engine/allocation/presets/preset-of.ts'
import { QuantaloupeError } from '../../engine/errors.ts'
import { layoutGguf, measureGguf } from '../../engine/formats/gguf-writer.ts'
import type { GgufLayout, GgufSize, LayoutOptions, Override } from '../../engine/formats/gguf-writer.ts'
import type { Model } from '../../engine/formats/model.ts'
import type { MetadataSetting } from '../../../preload/contract.ts'
import { typeByName } from '../../engine/tensor/type-geometry.ts'
import type { ImatrixOrigin } from '../measurements/statistics-files.ts'
import { settingsAsOverrides } from './metadata-settings.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'

/** llama.cpp cuts string overrides to this. */
const MAX_STRING_BYTES = 127

const IMATRIX_KEYS = ['file', 'dataset', 'entries_count', 'chunks_count'].map(
  (key) => `quantize.imatrix.${key}`,
)

/** What an export tells in the metadata besides what the source does. */
export interface ExportMetadata {
  readonly imatrix: ImatrixOrigin | null
  readonly metadata?: readonly MetadataSetting[] | undefined
}

/**
 * The exported file: header, places and exact size. Reads metadata of the source, writes nothing.
 *
 * @throws QuantaloupeError `CONVERSION_NEEDED`, `UNSUPPORTED_TENSOR`, `FILE_CHANGED`, `BAD_METADATA`
 */
export function layoutExport(
  model: Model,
  resolved: readonly ResolvedTensor[],
  metadata: ExportMetadata,
): GgufLayout {
  return layoutGguf(layoutOptions(model, resolved, metadata, presetLabel(model, resolved, metadata)))
}

/**
 * The size of the exported file alone, for what asks often. Reads nothing, so a changed source is not noticed.
 *
 * @throws QuantaloupeError `CONVERSION_NEEDED`, `UNSUPPORTED_TENSOR`, `BAD_METADATA`
 */
export function measureExport(
  model: Model,
  resolved: readonly ResolvedTensor[],
  metadata: ExportMetadata,
): GgufSize {
  return measureGguf(layoutOptions(model, resolved, metadata, (guess) => guess))
}

function layoutOptions(
  model: Model,
  resolved: readonly ResolvedTensor[],
  { imatrix, metadata = [] }: ExportMetadata,
  label: (guess: number) => number,
): LayoutOptions {
  if (model.container !== 'gguf') throw conversionNeeded(model)
  return {
    source: model,
    overrides: new Map([
      ...exportOverrides(resolved, imatrix, label),
      ...settingsAsOverrides(model, metadata),
    ]),
    tensors: resolved.map(({ tensor, change, bytes }) => ({
      name: tensor.name,
      shape: tensor.shape,
      typeId: change ? change.format.id : storedTypeId(tensor.type),
      bytes,
    })),
  }
}

/** The file type of the preset that a plan is, where its main type alone would name a sister of it. */
function presetLabel(
  model: Model,
  resolved: readonly ResolvedTensor[],
  { imatrix }: ExportMetadata,
): (guess: number) => number {
  const formats = new Map(
    resolved.map(({ tensor, change }) => [tensor.name, change?.format.name ?? tensor.type]),
  )
  return (guess) => presetOf(model, formats, imatrix !== null, guess)?.fileType ?? guess
}

/** Metadata that is no longer what it was; untouched where every tensor is copied. */
function exportOverrides(
  resolved: readonly ResolvedTensor[],
  imatrix: ImatrixOrigin | null,
  label: (guess: number) => number,
): Map<string, Override | null> {
  const overrides = new Map<string, Override | null>()
  if (resolved.every(({ change }) => change === null)) return overrides
  const types = resolved.map(({ tensor, change, bytes }) => ({
    format: change?.format.name ?? tensor.type,
    bytes,
  }))
  const fileType = fileTypeOf(types)
  // A label that is no longer true is worse than none: loaders guess.
  overrides.set('general.file_type', fileType === null ? null : { type: 'u32', value: label(fileType) })
  if (imatrix) setImatrix(overrides, imatrix)
  return overrides
}

/** An earlier imatrix of the source is not the one that made these bytes. */
function setImatrix(overrides: Map<string, Override | null>, imatrix: ImatrixOrigin): void {
  for (const key of IMATRIX_KEYS) overrides.set(key, null)
  const { fileName, dataset, entries, chunks } = imatrix
  const [file, texts, entriesCount, chunksCount] = IMATRIX_KEYS as [string, string, string, string]
  overrides.set(file, { type: 'string', value: cut(fileName) })
  if (dataset !== null) overrides.set(texts, { type: 'string', value: cut(dataset) })
  overrides.set(entriesCount, { type: 'u32', value: entries })
  if (chunks !== null) overrides.set(chunksCount, { type: 'u32', value: chunks })
}

/** Whole characters that fit. */
function cut(text: string): string {
  let kept = ''
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > MAX_STRING_BYTES) break
    kept += character
  }
  return kept
}

/** An unknown type is copied under its own id. */
function storedTypeId(type: string): number {
  const id = typeByName(type)?.id ?? Number(/^type (\d+) /.exec(type)?.[1] ?? NaN)
  if (Number.isInteger(id)) return id
  throw new QuantaloupeError('UNSUPPORTED_TENSOR', `${type} has no place in a GGUF file`)
}

function conversionNeeded(model: Model): QuantaloupeError {
  return new QuantaloupeError(
    'CONVERSION_NEEDED',
    'A safetensors model can be measured but not exported yet',
    {
      place: model.path,
      expected: 'a GGUF model',
      remedy: 'Convert it to an F16 or BF16 GGUF with llama.cpp (convert_hf_to_gguf.py) and open that.',
    },
  )
}
