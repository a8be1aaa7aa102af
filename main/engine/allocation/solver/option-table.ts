import type { Option, Problem } from './problem.ts'

/**
 * The options of every group that are worth having, in flat arrays: within a group more bytes mean less damage.
 *
 * Group g has the positions `start[g]` to `start[g + 1] - 1`.
 */
export interface OptionTable {
  readonly start: Int32Array
  /** Index of the option in the problem's list. */
  readonly index: Int32Array
  readonly bytes: Float64Array
  readonly damage: Float64Array
}

/** Drops dominated options: those with no less damage than one of at most their bytes. Of equals the first one stays. */
export function tabulate(problem: Problem): OptionTable {
  const start = new Int32Array(problem.length + 1)
  const index: number[] = []
  problem.forEach((options, group) => {
    for (const option of undominated(options)) index.push(option)
    start[group + 1] = index.length
  })
  const bytes = new Float64Array(index.length)
  const damage = new Float64Array(index.length)
  problem.forEach((options, group) => {
    for (let position = start[group] ?? 0; position < (start[group + 1] ?? 0); position++) {
      const option = options[index[position] ?? 0]
      bytes[position] = option?.bytes ?? 0
      damage[position] = option?.damage ?? 0
    }
  })
  return { start, index: Int32Array.from(index), bytes, damage }
}

function undominated(options: readonly Option[]): number[] {
  const ordered = options
    .map(({ bytes, damage }, index) => ({ bytes, damage, index }))
    .sort((a, b) => a.bytes - b.bytes || a.damage - b.damage || a.index - b.index)
  let least = Infinity
  const kept: number[] = []
  for (const { damage, index } of ordered) {
    if (damage >= least) continue
    least = damage
    kept.push(index)
  }
  return kept
}
