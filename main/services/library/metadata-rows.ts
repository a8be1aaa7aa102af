import type { MetadataEntry, Model, Scalar } from '../../engine/formats/model.ts'
import type { MetadataPage, MetadataRow } from '../../../preload/contract.ts'

/** Strings of a model file may have megabytes; a table cell needs less. */
const LONGEST_STRING = 64 * 1024

/** Metadata in file order. */
export function metadataRows(model: Model): MetadataRow[] {
  return [...model.metadata.values()].map(row)
}

function row(entry: MetadataEntry): MetadataRow {
  const { key, type, value, array } = entry
  return {
    key,
    type,
    value: value === undefined ? null : plainScalar(value),
    elementType: array?.elementType ?? null,
    length: array?.length ?? null,
  }
}

/** JSON has no 64-bit integers, NaN or infinities: those become text. */
function plainScalar(value: Scalar): string | number | boolean {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value === 'string' && value.length > LONGEST_STRING) return `${value.slice(0, LONGEST_STRING)}…`
  return value
}

export function metadataPage(offset: number, length: number, values: readonly Scalar[]): MetadataPage {
  return { offset, length, values: values.map(plainScalar) }
}
