/** A table that is made at its first use: most processes use few formats, and all of them start with all modules. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
