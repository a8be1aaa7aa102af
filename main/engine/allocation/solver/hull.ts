import type { OptionTable } from './option-table.ts'

/** The lower convex hull of (bytes, damage) of every group, as positions in the option table. */
export interface Hull {
  readonly start: Int32Array
  readonly position: Int32Array
}

/**
 * Finds the options that are best for some price of a byte.
 *
 * Slopes are compared as they are computed, so that those along a hull never rise; points on a straight line stay.
 */
export function lowerHulls(table: OptionTable): Hull {
  const groups = table.start.length - 1
  const start = new Int32Array(groups + 1)
  const position = new Int32Array(table.index.length)
  let end = 0
  for (let group = 0; group < groups; group++) {
    const first = end
    for (let next = table.start[group] ?? 0; next < (table.start[group + 1] ?? 0); next++) {
      while (end - first >= 2 && isAbove(table, position[end - 2] ?? 0, position[end - 1] ?? 0, next)) end--
      position[end++] = next
    }
    start[group + 1] = end
  }
  return { start, position: position.slice(0, end) }
}

/** Damage avoided per byte from one option to a larger one. */
export function slopeBetween({ bytes, damage }: OptionTable, from: number, to: number): number {
  return ((damage[from] ?? 0) - (damage[to] ?? 0)) / ((bytes[to] ?? 0) - (bytes[from] ?? 0))
}

function isAbove(table: OptionTable, left: number, middle: number, right: number): boolean {
  return slopeBetween(table, left, middle) < slopeBetween(table, middle, right)
}
