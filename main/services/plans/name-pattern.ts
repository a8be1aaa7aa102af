import { RE2JS, RE2JSException } from 're2js'

/** Searches a pattern in the name of a tensor. */
export type NamePattern = (name: string) => boolean

/** Letters, digits, `_` and `-`, or any other sign behind a backslash; perhaps between anchors. */
const PLAIN = /^(\^?)((?:[\w-]|\\[^\w\s])*)(\$?)$/

/** Whether a pattern is plain text between anchors, as in recipes that list every tensor: as quick as a comparison. */
export function isPlain(pattern: string): boolean {
  return PLAIN.test(pattern)
}

/**
 * Reads a regular expression. The search takes no more steps than pattern times name, whatever the pattern; references to
 * groups and looking ahead are not possible that way, and not known.
 *
 * @returns the reason instead, when it is none
 */
export function namePattern(pattern: string): NamePattern | { readonly reason: string } {
  const [, start = '', text = '', end = ''] = PLAIN.exec(pattern) ?? []
  if (isPlain(pattern)) return plainPattern(text.replaceAll(/\\(.)/g, '$1'), start !== '', end !== '')
  try {
    const compiled = RE2JS.compile(pattern)
    return (name) => compiled.test(name)
  } catch (error) {
    if (error instanceof RE2JSException) return { reason: error.message }
    throw error
  }
}

function plainPattern(text: string, atStart: boolean, atEnd: boolean): NamePattern {
  if (atStart && atEnd) return (name) => name === text
  if (atStart) return (name) => name.startsWith(text)
  if (atEnd) return (name) => name.endsWith(text)
  return (name) => name.includes(text)
}
