const UNITS: Readonly<Record<string, number>> = {
  b: 1, byte: 1, bytes: 1,
  k: 1024, kib: 1024, m: 1024 ** 2, mib: 1024 ** 2, g: 1024 ** 3, gib: 1024 ** 3, t: 1024 ** 4, tib: 1024 ** 4,
  kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12,
} // prettier-ignore
const SIZE = /^([\d.,]+)\s*([a-z]*)$/

/**
 * Bytes of a typed size: `3.9 MiB`, `4.2 GB`, `4,000,000 bytes`.
 *
 * @param unit bytes of the unit that a bare number is in
 * @returns null for anything else than a size
 */
export function parseSize(text: string, unit: number): number | null {
  const match = SIZE.exec(text.trim().toLowerCase())
  if (!match) return null
  const [, digits = '', name = ''] = match
  const factor = name === '' ? unit : UNITS[name]
  const value = Number(digits.replaceAll(',', ''))
  return factor === undefined || !Number.isFinite(value) || value <= 0 ? null : Math.floor(value * factor)
}

/** The unit that sizes near this one are told in. */
export function unitOf(size: number): { readonly name: string; readonly bytes: number } {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(names.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, size)) / 10)))
  return { name: names[power] ?? 'B', bytes: 1024 ** power }
}

const DIGITS = 3

/** A size with enough digits to tell steps of a slider apart: `3.902 MiB`. */
export function sizeText(size: number): string {
  const unit = unitOf(size)
  return `${(size / unit.bytes).toFixed(unit.bytes === 1 ? 0 : DIGITS)} ${unit.name}`
}
