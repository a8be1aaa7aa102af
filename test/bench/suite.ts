/** One row of figures: names with their unit, values as numbers or short words. */
export type Row = Readonly<Record<string, number | string | null>>

export interface Suite {
  readonly name: string
  readonly title: string
  run(folder: string): Promise<readonly Row[]>
}

export const MEGABYTE = 1e6

/** Three significant digits are what such a measurement can carry. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

export function megabytes(bytes: number | null): number | null {
  return bytes === null ? null : rounded(bytes / MEGABYTE)
}
