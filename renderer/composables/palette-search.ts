/** One line of the command palette. */
export interface PaletteEntry {
  readonly id: string
  readonly title: string
  readonly group: string
  /** Shown at the right: a key, a type, a path. */
  readonly note: string
  readonly run: () => unknown
}

/** All words of the query occur in the text, in any order; both in lower case. */
function matchesWords(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word))
}

function wordsOf(query: string): readonly string[] {
  return query.toLowerCase().split(/\s+/).filter(Boolean)
}

/** The first entries that match, in their order; entries that begin with the query come first. */
export function searchPalette(
  entries: Iterable<PaletteEntry>,
  query: string,
  limit: number,
): readonly PaletteEntry[] {
  const words = wordsOf(query)
  const start = words.join(' ')
  const first: PaletteEntry[] = []
  const rest: PaletteEntry[] = []
  for (const entry of entries) {
    const text = `${entry.group} ${entry.title}`.toLowerCase()
    if (!matchesWords(text, words)) continue
    if (entry.title.toLowerCase().startsWith(start)) first.push(entry)
    else rest.push(entry)
    if (first.length >= limit) break
  }
  return [...first, ...rest].slice(0, limit)
}
