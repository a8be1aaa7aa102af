import { stringify } from 'csv-stringify/browser/esm/sync'

export type CellValue = string | number | boolean | null

/** A table as plain data: what is copied and saved. */
export interface PlainTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly CellValue[])[]
}

const FORMULA_START = /^[=+\-@\t\r]/

/** Spreadsheets run text that begins like a formula; names from a model file must stay text. Numbers stay numbers. */
function guarded(value: CellValue): CellValue {
  return typeof value === 'string' && FORMULA_START.test(value) ? `'${value}` : value
}

/** CSV with a header row; null is an empty field. */
export function toCsv(table: PlainTable): string {
  const rows = [table.columns, ...table.rows].map((row) => row.map(guarded))
  return stringify(rows, { cast: { boolean: String } })
}

/** JSON array with one object per row. */
export function toJson(table: PlainTable): string {
  const objects = table.rows.map((row) =>
    Object.fromEntries(table.columns.map((column, index) => [column, row[index] ?? null])),
  )
  return `${JSON.stringify(objects, null, 2)}\n`
}
