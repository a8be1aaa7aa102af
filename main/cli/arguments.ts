import { InvalidArgumentError } from 'commander'

/** Parsers of option values; Commander names the option in its complaint. */
export function parseThreads(text: string): number {
  return parseInteger(text, 1, 1024)
}

export function parsePort(text: string): number {
  return parseInteger(text, 0, 65_535)
}

function parseInteger(text: string, minimum: number, maximum: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value
  throw new InvalidArgumentError(`Expected a whole number from ${minimum} to ${maximum}`)
}

/** How many; at least one. */
export function parseCount(text: string): number {
  return parseInteger(text, 1, Number.MAX_SAFE_INTEGER)
}

/** Tokens of a chunk, the second half of which is scored. */
export function parseContext(text: string): number {
  const value = parseInteger(text, 8, 2 ** 20)
  if (value % 2 === 0) return value
  throw new InvalidArgumentError('Expected an even number')
}

/** A fraction of the rows: above 0, at most 1. */
export function parseFraction(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value <= 1) return value
  throw new InvalidArgumentError('Expected a fraction above 0 and at most 1')
}

/** `A,B`, and the option given again. */
export function parseList(text: string, previous: readonly string[] = []): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  if (items.some((item) => item === ''))
    throw new InvalidArgumentError('Expected names with commas between them')
  return [...previous, ...items]
}

export function collect(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text]
}

/** Tokens of a conversation. */
export function parseTokens(text: string): number {
  return parseInteger(text, 1, 2 ** 31)
}

export function parseBitsPerWeight(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value <= 64) return value
  throw new InvalidArgumentError('Expected bits per weight, such as 4.5')
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ...['k', 'm', 'g', 't'].flatMap((letter, index) => [
    [`${letter}b`, 1000 ** (index + 1)] as const,
    [`${letter}ib`, 1024 ** (index + 1)] as const,
  ]),
])

/** `4500000`, `4.2GiB` (1024 based), `3.9GB` (1000 based); whole bytes, rounded down. */
export function parseBytes(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? []
  const factor = UNITS.get(unit.toLowerCase())
  const bytes = Math.floor(Number(digits) * (factor ?? 0))
  if (digits !== '' && bytes > 0 && Number.isSafeInteger(bytes)) return bytes
  throw new InvalidArgumentError('Expected bytes, or a number with KB, MB, GB, KiB, MiB or GiB')
}
