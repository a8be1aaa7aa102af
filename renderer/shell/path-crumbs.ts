export interface Crumb {
  readonly name: string
  readonly path: string
}

/** Folders from the served root down to `path`; the root keeps its whole path as its name. */
export function crumbsOf(path: string | null, roots: readonly string[]): readonly Crumb[] {
  if (path === null) return []
  const root = roots.find((one) => path === one || path.startsWith(`${one}/`) || path.startsWith(`${one}\\`))
  if (root === undefined) return [{ name: path, path }]
  const separator = root.includes('\\') ? '\\' : '/'
  const parts = path.slice(root.length).split(separator).filter(Boolean)
  const below = parts.map((name, index) => ({
    name,
    path: [root, ...parts.slice(0, index + 1)].join(separator),
  }))
  return [{ name: root, path: root }, ...below]
}
