import type { FormatInfo, PlannedTensor, Tensor } from '../../../preload/contract.ts'
import { bytes, exact, NO_VALUE, significant } from '../../charts/numbers.ts'
import type { TableCell, TableColumn, TableSort } from '../../components/table-column.ts'
import type { CellValue, PlainTable } from '../../components/table-text.ts'

/** A tensor and what the plan does with it. */
export interface PlanRow {
  readonly tensor: Tensor
  /** Null while the host has not answered. */
  readonly planned: PlannedTensor | null
  /** Null: the stored bytes are kept. */
  readonly requested: string | null
  readonly pinned: boolean
}

export const PLAN_COLUMNS: readonly TableColumn[] = [
  { key: 'lock', title: '', width: '44px', hint: 'Locked against presets and bulk changes' },
  { key: 'name', title: 'Tensor', width: 'minmax(170px, 2fr)', mono: true, sortable: true },
  { key: 'stored', title: 'Stored', width: '62px', sortable: true },
  { key: 'requested', title: 'Plan', width: '124px', sortable: true, hint: 'What is asked for; click to change' },
  { key: 'effective', title: 'Becomes', width: '92px', sortable: true, hint: 'What the row length allows' },
  { key: 'before', title: 'Before', width: '84px', align: 'right', sortable: true },
  { key: 'after', title: 'After', width: '84px', align: 'right', sortable: true },
  {
    key: 'error', title: 'Relative error', width: '112px', align: 'right', sortable: true,
    hint: 'Measured error of the weights; 0 where the stored bytes are kept',
  },
] // prettier-ignore

/** Why a tensor does not become what was asked for; null when it does. */
export function fallbackReason(row: PlanRow, formats: ReadonlyMap<string, FormatInfo>): string | null {
  const { planned, requested, tensor } = row
  if (!planned || requested === null || planned.format === requested) return null
  const block = formats.get(requested)?.blockSize
  const length = tensor.shape[0] ?? 1
  if (!tensor.quantizable) return `llama.cpp keeps this tensor as it is.`
  if (block === undefined || length % block === 0) return `${requested} is not possible for this tensor.`
  return `The row length ${exact(length)} is no multiple of ${block}, the block of ${requested}, so ${planned.format} takes its place.`
}

function sizeCell(value: number | null): TableCell {
  return value === null ? { text: NO_VALUE } : { text: bytes(value), title: `${exact(value)} bytes` }
}

function errorCell(planned: PlannedTensor | null): TableCell {
  if (!planned) return { text: NO_VALUE }
  if (planned.method === null) return { text: '0', title: 'The stored bytes are kept' }
  if (planned.error === null) return { text: 'not yet', title: 'Not measured yet' }
  return { text: significant(planned.error), title: String(planned.error) }
}

/** What a cell shows. */
export function planCell(row: PlanRow, column: string, formats: ReadonlyMap<string, FormatInfo>): TableCell {
  const { tensor, planned, requested } = row
  switch (column) {
    case 'name':
      return { text: tensor.name, title: tensor.name }
    case 'stored':
      return { text: tensor.type }
    case 'requested':
      return { text: requested ?? 'keep' }
    case 'effective':
      return { text: planned?.format ?? NO_VALUE, title: fallbackReason(row, formats) ?? '' }
    case 'before':
      return sizeCell(tensor.bytes)
    case 'after':
      return sizeCell(planned?.bytes ?? null)
    case 'error':
      return errorCell(planned)
    default:
      return { text: '', title: row.pinned ? 'Locked: presets and bulk changes leave it alone' : 'Lock' }
  }
}

function sortKey(row: PlanRow, column: string): string | number {
  switch (column) {
    case 'stored':
      return row.tensor.type
    case 'requested':
      return row.requested ?? ''
    case 'effective':
      return row.planned?.format ?? ''
    case 'before':
      return row.tensor.bytes
    case 'after':
      return row.planned?.bytes ?? 0
    case 'error':
      return row.planned?.error ?? -1
    default:
      return row.tensor.name
  }
}

/** Rows in the order of a column; `file` keeps the order of the file. */
export function sortPlanRows(rows: readonly PlanRow[], sort: TableSort): readonly PlanRow[] {
  if (sort.column === 'file') return rows
  const direction = sort.descending ? -1 : 1
  const keyed = rows.map((row) => ({ row, key: sortKey(row, sort.column) }))
  keyed.sort((a, b) => direction * (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return keyed.map((one) => one.row)
}

/** The rows as data, with every digit. */
export function planTable(rows: readonly PlanRow[]): PlainTable {
  return {
    columns: ['name', 'layer', 'role', 'stored', 'requested', 'format', 'method', 'bytesBefore', 'bytesAfter', 'relativeError', 'locked'],
    rows: rows.map(({ tensor, planned, requested, pinned }): readonly CellValue[] => [
      tensor.name, tensor.layer, tensor.role, tensor.type, requested, planned?.format ?? null,
      planned?.method ?? null, tensor.bytes, planned?.bytes ?? null, planned?.error ?? null, pinned,
    ]),
  } // prettier-ignore
}
