/** A figure, a short word, or figures that belong together. */
export type Cell = number | string | boolean | null | Readonly<Record<string, number | string | null>>

/** One row of figures: names with their unit, values as numbers or short words. */
export type Row = Readonly<Record<string, Cell>>

export interface SuiteOptions {
  /** Formats to measure; all when empty. */
  readonly formats: readonly string[]
}

export interface Suite {
  readonly name: string
  readonly title: string
  /** With `--json`, and alone, it prints its rows and nothing else: other programs read them as they are. */
  readonly isBare?: boolean
  run(folder: string, options: SuiteOptions): Promise<readonly Row[]>
}

export const MEGABYTE = 1e6

/** Three significant digits are what such a measurement can carry. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

export function megabytes(bytes: number | null): number | null {
  return bytes === null ? null : rounded(bytes / MEGABYTE)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? NaN
}

/** Figures that belong together become columns of their own: `native mbps`. */
export function flattened(row: Row): Readonly<Record<string, number | string | boolean | null>> {
  return Object.fromEntries(
    Object.entries(row).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([inner, figure]) => [`${key} ${inner}`, figure] as const)
        : [[key, value] as const],
    ),
  )
}

/** The rows as a table in Markdown, as the results page has them. */
export function markdown(rows: readonly Row[]): string {
  const flat = rows.map(flattened)
  const columns = [...new Set(flat.flatMap((row) => Object.keys(row)))]
  const lines = flat.map((row) => columns.map((column) => String(row[column] ?? '')))
  const isNumber = (index: number): boolean =>
    flat.some((row) => typeof row[columns[index] ?? ''] === 'number')
  const rule = columns.map((_, index) => (isNumber(index) ? '--:' : '---'))
  return [columns, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
