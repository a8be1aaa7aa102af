/** Nothing in these words means anything to a shell. */
const PLAIN = /^[\w./:@%+,-]+$/

/** Words as one command line of a POSIX shell: what is not plain stands in single quotes, where nothing is expanded. */
export function bashCommand(words: readonly string[]): string {
  const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`
  return words.map((word) => (PLAIN.test(word) ? word : quoted(word))).join(' ')
}

/** Straight and typographic single quotes: PowerShell takes each for the end of a string, and two for one. */
const SINGLE_QUOTES = /['\u2018\u2019\u201a\u201b]/g

/** Words that PowerShell reads otherwise than other shells although they are plain: `@` splats, `,` makes a list. */
const PLAIN_IN_POWERSHELL = /^[\w./:+-]+$/

/** Words as one command line of PowerShell 7.3 or newer; earlier ones lose double quotes on the way to a program. */
export function powershellCommand(words: readonly string[]): string {
  const quoted = (word: string): string => `'${word.replaceAll(SINGLE_QUOTES, '$&$&')}'`
  return words.map((word) => (PLAIN_IN_POWERSHELL.test(word) ? word : quoted(word))).join(' ')
}
