import type { PatternNode } from './pattern-syntax.ts'

/** A pattern that is nothing but a text, perhaps tied to the start or the end. */
export interface PlainPattern {
  readonly text: string
  readonly atStart: boolean
  readonly atEnd: boolean
}

/** Most lines of most recipes are plain, and need no program; null for the others. */
export function asPlainPattern(node: PatternNode): PlainPattern | null {
  if (node.kind !== 'sequence') return null
  const { parts } = node
  const atStart = isAssertion(parts[0], 'start')
  const atEnd = parts.length > 1 && isAssertion(parts.at(-1), 'end')
  const inner = parts.slice(atStart ? 1 : 0, atEnd ? -1 : undefined)
  const codes = inner.flatMap((part) => (part.kind === 'character' && part.code !== null ? [part.code] : []))
  return codes.length < inner.length ? null : { text: String.fromCharCode(...codes), atStart, atEnd }
}

export function findsPlain({ text, atStart, atEnd }: PlainPattern, name: string): boolean {
  if (atStart && atEnd) return name === text
  if (atStart) return name.startsWith(text)
  return atEnd ? name.endsWith(text) : name.includes(text)
}

function isAssertion(node: PatternNode | undefined, holds: string): boolean {
  return node?.kind === 'assertion' && node.holds === holds
}
