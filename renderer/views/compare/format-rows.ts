import type { FormatInfo, Measurement, Method } from '../../../preload/contract.ts'
import { bestValue, MEASURES, measureInfo, valueText, type MeasureInfo } from '../../charts/measures.ts'
import { bytes, exact, NO_VALUE, significant } from '../../charts/numbers.ts'
import { NEEDS_IMPORTANCE } from '../../components/format-choices.ts'
import type { TableCell, TableColumn, TableSort } from '../../components/table-column.ts'
import type { CellValue, PlainTable } from '../../components/table-text.ts'

/** One format of the tensor, measured or not. */
export interface FormatRow {
  readonly format: string
  readonly method: Method
  readonly bpw: number
  readonly measurement: Measurement | null
  /** Why it can not be measured as things are; null where it can. */
  readonly obstacle: string | null
}

/** Every measurement, and a row for each format that has none yet; most bits first. */
export function formatRows(
  formats: readonly FormatInfo[],
  measurements: readonly Measurement[],
  { method, hasImportance }: { readonly method: Method; readonly hasImportance: boolean },
): readonly FormatRow[] {
  const measured = measurements.map((one): FormatRow => {
    return { format: one.format, method: one.method, bpw: one.bpw, measurement: one, obstacle: null }
  })
  const known = new Set(measurements.map((one) => one.format))
  const missing = formats
    .filter((format) => !known.has(format.name))
    .map((format): FormatRow => {
      const obstacle = format.needsImportance && !hasImportance ? NEEDS_IMPORTANCE : null
      return { format: format.name, method, bpw: format.bpw, measurement: null, obstacle }
    })
  return [...measured, ...missing].sort((a, b) => b.bpw - a.bpw || a.format.localeCompare(b.format))
}

/** Measures that have a value for some row; the others need an imatrix or a covariance. */
export function shownMeasures(rows: readonly FormatRow[]): readonly MeasureInfo[] {
  const measured = rows.flatMap((row) => row.measurement ?? [])
  if (measured.length === 0) return [measureInfo('relativeError')]
  return MEASURES.filter((measure) => measured.some((one) => one[measure.name] !== null))
}

export function formatColumns(measures: readonly MeasureInfo[], methods: number): readonly TableColumn[] {
  return [
    { key: 'format', title: 'Format', width: 'minmax(104px, 1.3fr)', sortable: true },
    ...(methods > 1 ? [{ key: 'method', title: 'Method', width: '84px', sortable: true }] : []),
    { key: 'bpw', title: 'bpw', width: '72px', align: 'right', sortable: true, hint: 'Bits per weight, scales and padding included' },
    { key: 'bytes', title: 'Bytes', width: '84px', align: 'right', sortable: true },
    ...measures.map((measure): TableColumn => ({
      key: measure.name,
      title: measure.unit ? `${measure.label} (${measure.unit})` : measure.label,
      width: measure.name === 'relativeError' ? 'minmax(132px, 1.2fr)' : 'minmax(118px, 1fr)',
      align: 'right',
      sortable: true,
      hint: measure.meaning,
    })),
    { key: 'rows', title: 'Rows', width: '64px', align: 'right', hint: 'Rows measured; fewer than all give an estimate' },
  ] // prettier-ignore
}

function formatCell(row: FormatRow): TableCell {
  const effective = row.measurement?.effectiveFormat ?? row.format
  if (effective === row.format) return { text: row.format }
  return {
    text: `${row.format} → ${effective}`,
    title: `The row length is no multiple of the block of ${row.format}, so ${effective} takes its place`,
  }
}

/** The unit stands in the head of the column. */
function digits(value: number, measure: MeasureInfo): string {
  return valueText(value, { ...measure, unit: '' })
}

/** The ratio of signal to noise of an exact copy has no number. */
function isNoiseless(one: Measurement, measure: MeasureInfo): boolean {
  return measure.name === 'sqnr' && one.relativeError === 0
}

function measureCell(one: Measurement, measure: MeasureInfo): TableCell {
  const value = one[measure.name]
  if (isNoiseless(one, measure)) return { text: '∞', title: 'There is no error at all' }
  if (value === null) return { text: NO_VALUE, title: 'Has no meaning here' }
  if (one.standardError === null) return { text: digits(value, measure), title: String(value) }
  const spread = measure.name === 'relativeError' ? ` ± ${significant(one.standardError, 2)}` : ''
  return {
    text: `≈ ${digits(value, measure)}${spread}`,
    title: `Estimate from ${exact(one.sampledRows)} of ${exact(one.rows)} rows`,
  }
}

function rowsCell(one: Measurement): TableCell {
  const share = one.sampledRows === one.rows ? 'all' : `${significant((one.sampledRows / one.rows) * 100)} %`
  return { text: share, title: `${exact(one.sampledRows)} of ${exact(one.rows)} rows` }
}

function missingCell({ obstacle }: FormatRow, column: string): TableCell {
  const title =
    obstacle === null ? 'Not measured yet' : `This format ${obstacle}: choose one on the heatmap page`
  if (column === 'relativeError' && obstacle !== null) return { text: obstacle, title }
  return column === 'rows' && obstacle === null ? { text: 'not yet' } : { text: NO_VALUE, title }
}

/** What a cell shows. */
export function formatRowCell(row: FormatRow, column: string): TableCell {
  const one = row.measurement
  if (column === 'format') return formatCell(row)
  if (column === 'method') return { text: row.method }
  if (column === 'bpw') return { text: significant(row.bpw) }
  if (!one) return missingCell(row, column)
  if (column === 'bytes') return { text: bytes(one.bytes), title: `${exact(one.bytes)} bytes` }
  if (column === 'rows') return rowsCell(one)
  const measure = MEASURES.find((info) => info.name === column)
  return measure ? measureCell(one, measure) : { text: '' }
}

/** Whether a row has the best value of a measure. */
export function isBest(row: FormatRow, column: string, rows: readonly FormatRow[]): boolean {
  const measure = MEASURES.find((info) => info.name === column)
  if (!measure || !row.measurement) return false
  const measured = rows.flatMap((one) => one.measurement ?? [])
  if (measured.some((one) => isNoiseless(one, measure))) return isNoiseless(row.measurement, measure)
  const best = bestValue(measured, measure)
  return best !== null && row.measurement[measure.name] === best
}

function sortKey(row: FormatRow, column: string): number | string | null {
  if (column === 'format') return row.format
  if (column === 'method') return row.method
  if (column === 'bpw') return row.bpw
  if (column === 'bytes') return row.measurement?.bytes ?? null
  const measure = MEASURES.find((info) => info.name === column)
  return measure ? (row.measurement?.[measure.name] ?? null) : null
}

/** Rows in the order of a column; rows without a value stay at the end. */
export function sortRows(rows: readonly FormatRow[], sort: TableSort): readonly FormatRow[] {
  const direction = sort.descending ? -1 : 1
  return [...rows].sort((a, b) => {
    const [x, y] = [sortKey(a, sort.column), sortKey(b, sort.column)]
    if (x === null || y === null) return Number(x === null) - Number(y === null)
    if (typeof x === 'string' || typeof y === 'string') return direction * String(x).localeCompare(String(y))
    return direction * (x - y)
  })
}

/** All figures of all rows, with every digit. */
export function formatTable(rows: readonly FormatRow[]): PlainTable {
  const names = MEASURES.map((measure) => measure.name)
  return {
    columns: ['format', 'effectiveFormat', 'method', 'bpw', 'bytes', ...names, 'sampledRows', 'rows', 'standardError'],
    rows: rows
      .flatMap((row) => row.measurement ?? [])
      .map((one): readonly CellValue[] => [
        one.format, one.effectiveFormat, one.method, one.bpw, one.bytes,
        ...names.map((name) => one[name]),
        one.sampledRows, one.rows, one.standardError,
      ]),
  } // prettier-ignore
}
