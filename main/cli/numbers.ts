const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `13.1 MiB`: three significant digits; bytes below 1 KiB exactly. */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 ? value : value.toPrecision(value >= 1000 ? 4 : 3)} ${UNITS[power]}`
}

/** `6.82M`, for parameters. */
export function formatCount(count: number): string {
  const steps = [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K'],
  ] as const
  const step = steps.find(([size]) => count >= size)
  return step ? `${(count / step[0]).toPrecision(3)}${step[1]}` : String(count)
}

/** Three significant digits; a dash for what has no value. */
export function formatFigure(value: number | null): string {
  if (value === null) return '-'
  const size = Math.abs(value)
  return size === 0 || (size >= 1e-3 && size < 1e5)
    ? String(Number(value.toPrecision(3)))
    : value.toExponential(2)
}

export const formatBpw = (bpw: number): string => bpw.toFixed(2)

/** `0:12`, `1:02:05`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}
