import { CompensatedSum } from './compensated-sum.ts'
import type { Base } from './core.ts'
import type { Frontier } from './frontier.ts'

/** A choice that is made before the others: a position in the option table. */
export interface Fixed {
  readonly group: number
  readonly position: number
}

/**
 * The best of all choices when one step of a hull may be taken in part: the linear relaxation.
 *
 * The base is the choice without that step.
 */
export interface Relaxation {
  readonly base: Base
  readonly fixed: readonly Fixed[]
  readonly damage: number
  /** Bytes that the base leaves. */
  readonly slack: number
  /** No choice within the budget has less damage. */
  readonly bound: number
  /** Group whose step would be taken in part; null when the base has the least damage of all. */
  readonly splitGroup: number | null
  /** Bytes of that step. */
  readonly splitBytes: number
}

/** @returns null when not even the smallest choices fit */
export function relax(
  frontier: Frontier,
  budgetBytes: number,
  fixed: readonly Fixed[] = [],
): Relaxation | null {
  const point = lastPointWithin(frontier, budgetBytes, fixed)
  if (point === null) return null
  const base = baseAt(frontier, point, fixed)
  const { bytes, damage } = totals(base)
  const slack = budgetBytes - bytes
  const isLast = point === frontier.points.length - 1
  return {
    base,
    fixed,
    damage,
    slack,
    bound: isLast ? damage : damage - base.price * slack,
    splitGroup: isLast ? null : (frontier.stepGroup[point] ?? 0),
    splitBytes: (frontier.points[point + 1]?.bytes ?? 0) - (frontier.points[point]?.bytes ?? 0),
  }
}

export function totals({ options, positions }: Pick<Base, 'options' | 'positions'>): {
  bytes: number
  damage: number
} {
  const damage = new CompensatedSum()
  let bytes = 0
  for (const position of positions) {
    bytes += options.bytes[position] ?? 0
    damage.add(options.damage[position] ?? 0)
  }
  return { bytes, damage: damage.value }
}

function baseAt(frontier: Frontier, point: number, fixed: readonly Fixed[]): Base {
  const { hull, options } = frontier
  const positions = frontier.hullAt(point).map((entry) => hull.position[entry] ?? 0)
  const isFixed = new Uint8Array(positions.length)
  for (const { group, position } of fixed) {
    positions[group] = position
    isFixed[group] = 1
  }
  return { options, positions, isFixed, price: frontier.points[point + 1]?.slope ?? 0 }
}

/** The step from this point on is never one of a fixed group: it would not change the bytes. */
function lastPointWithin(frontier: Frontier, budgetBytes: number, fixed: readonly Fixed[]): number | null {
  const { points, options } = frontier
  const bytesAt = (point: number): number =>
    fixed.reduce((sum, { group, position }) => {
      const instead = frontier.hull.position[entryAt(frontier, group, point)] ?? 0
      return sum + (options.bytes[position] ?? 0) - (options.bytes[instead] ?? 0)
    }, points[point]?.bytes ?? 0)
  if (!(bytesAt(0) <= budgetBytes)) return null
  let [low, high] = [0, points.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (bytesAt(middle) <= budgetBytes) low = middle
    else high = middle - 1
  }
  return low
}

function entryAt({ hull, since }: Frontier, group: number, point: number): number {
  let entry = (hull.start[group + 1] ?? 0) - 1
  while (entry > (hull.start[group] ?? 0) && (since[entry] ?? 0) > point) entry--
  return entry
}
