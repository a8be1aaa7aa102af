import { describe, expect, it } from 'vitest'
import { importsOf, sourceFiles, type Import } from '../support/imports.ts'

/**
 * Which folder may import which; the longest matching folder counts. `types:` entries allow type-only imports.
 * Packages are not listed here but in `OWNERS`.
 */
const ALLOWED: Record<string, readonly string[]> = {
  'main/engine/': ['main/engine/'],
  'main/engine/kernels/': ['main/engine/', 'native/index.ts'],
  'main/workers/': ['main/workers/', 'main/engine/'],
  'main/services/': ['main/services/', 'main/engine/', 'main/workers/control.ts', 'types:main/workers/', 'main/llama/index.ts', 'types:preload/contract.ts'], // prettier-ignore
  'main/llama/': ['main/llama/', 'main/engine/errors.ts'],
  'main/web/': ['main/web/', 'main/engine/errors.ts', 'main/services/', 'preload/contract.ts'],
  'main/app/': ['main/app/', 'main/engine/errors.ts', 'main/services/', 'preload/contract.ts'],
  'main/cli/': ['main/cli/', 'main/engine/', 'main/services/', 'main/web/', 'main/llama/', 'types:preload/contract.ts'], // prettier-ignore
  'preload/': ['preload/contract.ts', 'types:main/engine/'],
  'renderer/': ['renderer/', 'preload/contract.ts'],
  'native/': [],
  'native/write-codebooks.ts': ['main/engine/quantizers/codebooks.ts'],
}

/** Packages and builtins with one place of use, or a folder that must do without. */
const OWNERS: Record<string, readonly string[]> = {
  electron: ['main/app/', 'preload/index.ts'],
  'better-sqlite3': ['main/services/cache/'],
  piscina: ['main/services/pool/', 'main/workers/'],
  'node-llama-cpp': ['main/llama/'],
  koffi: ['main/llama/library/'],
  vue: ['renderer/'],
  pinia: ['renderer/'],
  echarts: ['renderer/'],
  'naive-ui': ['renderer/'],
}

const files = ['main', 'preload', 'renderer', 'native'].flatMap(sourceFiles)
const imports = files.flatMap(importsOf)
const isLocal = (found: Import): boolean => /^(main|preload|renderer|native|test)\//.test(found.to)
const isBuiltin = (found: Import): boolean => found.to.startsWith('node:')

function rulesFor(file: string): readonly string[] {
  const folder = Object.keys(ALLOWED)
    .filter((prefix) => file.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0]
  if (folder === undefined) throw new Error(`${file} lies in no known folder`)
  return ALLOWED[folder] ?? []
}

function isAllowed(found: Import): boolean {
  return rulesFor(found.from).some((rule) => {
    const typesOnly = rule.startsWith('types:')
    return found.to.startsWith(typesOnly ? rule.slice(6) : rule) && (!typesOnly || found.typeOnly)
  })
}

const show = (found: Import): string => `${found.from} -> ${found.to}`

describe('the direction of imports', () => {
  it('holds in every folder', () => {
    const offenders = imports.filter((found) => isLocal(found) && !isAllowed(found))
    expect(offenders.map(show)).toEqual([])
  })

  it('keeps each package in its own place', () => {
    const offenders = imports.filter((found) => {
      const owners = OWNERS[found.to]
      return owners !== undefined && !owners.some((owner) => found.from.startsWith(owner))
    })
    expect(offenders.map(show)).toEqual([])
  })

  it('gives the engine node builtins, nothing else', () => {
    const packages = imports.filter((found) => found.from.startsWith('main/engine/') && !isLocal(found))
    expect(packages.filter((found) => !isBuiltin(found)).map(show)).toEqual([])
  })

  it('keeps node out of the window', () => {
    const offenders = imports.filter((found) => found.from.startsWith('renderer/') && isBuiltin(found))
    expect(offenders.map(show)).toEqual([])
  })

  it('has no cycle of run-time imports', () => {
    expect(findCycle(imports.filter((found) => isLocal(found) && !found.typeOnly))).toEqual([])
  })
})

/** The first cycle found, as a list of files; empty when there is none. */
function findCycle(edges: readonly Import[]): string[] {
  const next = Map.groupBy(edges, (edge) => edge.from)
  const state = new Map<string, 'open' | 'closed'>()
  const visit = (file: string, path: readonly string[]): string[] => {
    if (state.get(file) === 'closed') return []
    if (state.get(file) === 'open') return [...path.slice(path.indexOf(file)), file]
    state.set(file, 'open')
    for (const edge of next.get(file) ?? []) {
      const cycle = visit(edge.to, [...path, file])
      if (cycle.length > 0) return cycle
    }
    state.set(file, 'closed')
    return []
  }
  for (const file of next.keys()) {
    const cycle = visit(file, [])
    if (cycle.length > 0) return cycle
  }
  return []
}
