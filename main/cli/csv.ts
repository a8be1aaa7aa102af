import { stringify } from 'csv-stringify/sync'

type Cell = string | number | boolean | null

/** Spreadsheets run cells that begin like this; names in a model file are not to be trusted. */
const FORMULA = /^[=+\-@\t\r]/

/** A CSV table with a header; null is an empty cell, text that looks like a formula gets an apostrophe. */
export function toCsv<Row extends object>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string {
  const cells = rows.map((row) => columns.map((column) => guard(row[column] as Cell)))
  return stringify([[...columns], ...cells])
}

function guard(cell: Cell): string {
  if (typeof cell === 'string') return FORMULA.test(cell) ? `'${cell}` : cell
  return cell === null ? '' : String(cell)
}
