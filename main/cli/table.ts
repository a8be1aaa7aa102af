import { styleText } from 'node:util'
import { printable } from './printable.ts'

export interface Column<Row> {
  readonly title: string
  /** Numbers stand right, text left. */
  readonly align?: 'right'
  readonly value: (row: Row) => string
}

/** A plain-text table: a bold header, two spaces between columns. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row))))
  const widths = columns.map((column, index) =>
    cells.reduce((width, line) => Math.max(width, line[index]?.length ?? 0), column.title.length),
  )
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => {
        const width = widths[index] ?? 0
        return columns[index]?.align === 'right' ? text.padStart(width) : text.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const header = styleText('bold', line(columns.map((column) => column.title)), { stream: process.stdout })
  return [header, ...cells.map(line)].join('\n')
}

/** Lines of `name  value`. */
export function renderFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length))
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`).join('\n')
}
