import { readMetadataArray } from '../../engine/formats/metadata.ts'
import type { MetadataEntry, Model, Scalar } from '../../engine/formats/model.ts'
import { openModel } from '../../engine/formats/open-model.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { Context } from '../context.ts'
import { formatBpw, formatBytes, formatCount } from '../numbers.ts'
import { renderFields, renderTable, type Column } from '../table.ts'

/** Longer arrays (vocabularies) are told by type and length alone. */
const SHOWN_ELEMENTS = 64
const SHOWN_CHARACTERS = 100

/** `inspect MODEL`: reads headers, never weights. */
export function inspect(context: Context, [path = '']: readonly string[]): void {
  const model = openModel(context.resolve(path))
  context.print(toDocument(model), () => describe(model))
}

function toDocument(model: Model) {
  const { container, architecture, parameters, bytes, bpw, warnings } = model
  return {
    schema: 1,
    container,
    architecture,
    parameters,
    bytes,
    bpw,
    files: model.files.map((file) => ({ path: file.path, bytes: file.bytes })),
    tensors: model.tensors.map(({ name, shape, type, bytes, layer, role, quantizable }) => {
      return { name, shape, type, bytes, layer, role, quantizable }
    }),
    metadata: Object.fromEntries(
      [...model.metadata.values()].map((entry) => [entry.key, value(model, entry)]),
    ),
    warnings,
  }
}

function value(model: Model, entry: MetadataEntry) {
  if (!entry.array) return { type: entry.type, value: plain(entry.value ?? '') }
  const { elementType, length } = entry.array
  const shown = length <= SHOWN_ELEMENTS && elementType !== 'array'
  const elements = shown ? { value: readMetadataArray(model, entry, 0, length).map(plain) } : {}
  return { type: entry.type, elementType, length, ...elements }
}

/** JSON numbers are doubles and finite; what does not fit becomes text. */
function plain(scalar: Scalar): number | string | boolean {
  const exact = typeof scalar === 'bigint' ? Number(scalar) : scalar
  const fits = typeof exact === 'number' ? Number.isFinite(exact) && !isUnsafe(scalar) : true
  return fits ? exact : String(scalar)
}

const isUnsafe = (scalar: Scalar): boolean =>
  typeof scalar === 'bigint' && !Number.isSafeInteger(Number(scalar))

const TENSOR_COLUMNS: readonly Column<Tensor>[] = [
  { title: 'tensor', value: ({ name }) => name },
  { title: 'type', value: ({ type }) => type },
  { title: 'shape', align: 'right', value: ({ shape }) => shape.join(' x ') },
  { title: 'size', align: 'right', value: ({ bytes }) => formatBytes(bytes) },
  { title: 'role', value: ({ role }) => role },
  { title: 'quantizable', value: ({ quantizable }) => (quantizable ? 'yes' : 'no') },
]

function describe(model: Model): string {
  const fields = renderFields([
    ['model', model.name],
    ['architecture', model.architecture ?? 'not told'],
    ['container', `${model.container}, ${model.files.length} file${model.files.length === 1 ? '' : 's'}`],
    ['parameters', formatCount(model.parameters)],
    ['size', `${formatBytes(model.bytes)}, ${formatBpw(model.bpw)} bits per weight`],
  ])
  const metadata = renderFields(
    [...model.metadata.values()].map((entry) => [entry.key, shorten(describeValue(entry))] as const),
  )
  const warnings = model.warnings.map((finding) => `warning: ${finding.message}`)
  return [fields, metadata, renderTable(TENSOR_COLUMNS, model.tensors), ...warnings].join('\n\n')
}

function describeValue({ value, array }: MetadataEntry): string {
  return array ? `${array.length} x ${array.elementType}` : String(value)
}

function shorten(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
