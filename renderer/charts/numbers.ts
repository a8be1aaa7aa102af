/** What stands in place of a number that is not there. */
export const NO_VALUE = '–'

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** Three significant digits: `0.0123`, `12.3`, `1,230`, and `1.23e-5` where zeros would hide the digits. */
export function significant(value: number | null, digits = 3): string {
  if (value === null || Number.isNaN(value)) return NO_VALUE
  if (value === 0 || !Number.isFinite(value)) return String(value).replace('Infinity', '∞')
  const magnitude = Math.abs(value)
  if (magnitude < 1e-3 || magnitude >= 1e9) return value.toExponential(digits - 1)
  if (magnitude >= 10 ** digits) return GROUPED.format(Number(value.toPrecision(digits)))
  return value.toPrecision(digits)
}

/** Every digit, grouped: `13,752,320`. */
export function exact(value: number): string {
  return GROUPED.format(value)
}

const BYTE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Binary units with three significant digits: `13.1 MiB`. */
export function bytes(value: number | null): string {
  if (value === null) return NO_VALUE
  if (Math.abs(value) < 1024) return `${value} B`
  const power = Math.min(BYTE_UNITS.length, Math.floor(Math.log2(Math.abs(value)) / 10))
  const scaled = value / 1024 ** power
  return `${Math.abs(scaled) >= 1000 ? scaled.toFixed(0) : scaled.toPrecision(3)} ${BYTE_UNITS[power - 1]}`
}

const COUNT_UNITS = ['', 'K', 'M', 'B', 'T'] as const

/** Decimal units: `6.82 M` weights. */
export function count(value: number): string {
  if (Math.abs(value) < 1000) return String(value)
  const power = Math.min(COUNT_UNITS.length - 1, Math.floor(Math.log10(Math.abs(value)) / 3))
  return `${(value / 1000 ** power).toPrecision(3)} ${COUNT_UNITS[power]}`
}

/** A share of the whole: `12.3 %`. */
export function percent(fraction: number | null): string {
  return fraction === null ? NO_VALUE : `${(fraction * 100).toPrecision(3)} %`
}

/** `1 tensor`, `2,048 tensors`. */
export function counted(value: number, noun: string): string {
  return `${exact(value)} ${noun}${value === 1 ? '' : 's'}`
}
