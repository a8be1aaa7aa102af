/**
 * Text from a model file for a terminal: control characters are spelled out, so that a name cannot move the
 * cursor, recolour or retitle the terminal. Directional marks go the same way: they could make a name read as another.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    if (character === '\n' || character === '\t') return ' '
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}
