import type { Base } from './core.ts'

/**
 * Spends the bytes that a base leaves of the budget, on any option and not only those of the hull: the best upgrade
 * of every group that fits, in the order of the damage it avoids per byte, over and over until none fits.
 *
 * @param slack bytes left
 * @returns positions of the options in the option table
 */
export function fill(base: Base, slack: number): Int32Array {
  const positions = base.positions.slice()
  let left = slack
  for (;;) {
    const before = left
    for (const { group, position, bytes } of upgrades({ ...base, positions }, left)) {
      if (bytes > left) continue
      positions[group] = position
      left -= bytes
    }
    if (left === before) return positions
  }
}

interface Upgrade {
  readonly group: number
  readonly position: number
  readonly bytes: number
  readonly slope: number
}

function upgrades({ options, positions, isFixed }: Base, slack: number): Upgrade[] {
  const { start, bytes, damage } = options
  const found: Upgrade[] = []
  positions.forEach((chosen, group) => {
    if (isFixed[group] === 1) return
    const limit = (bytes[chosen] ?? 0) + slack
    let position = chosen
    while (position + 1 < (start[group + 1] ?? 0) && (bytes[position + 1] ?? 0) <= limit) position++
    if (position === chosen) return
    const more = (bytes[position] ?? 0) - (bytes[chosen] ?? 0)
    found.push({
      group,
      position,
      bytes: more,
      slope: ((damage[chosen] ?? 0) - (damage[position] ?? 0)) / more,
    })
  })
  return found.sort((a, b) => b.slope - a.slope || a.group - b.group)
}
