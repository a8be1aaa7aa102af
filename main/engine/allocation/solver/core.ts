import type { OptionTable } from './option-table.ts'

/** One choice for every group, as positions in the option table, that is best at a price per byte. */
export interface Base {
  readonly options: OptionTable
  readonly positions: Int32Array
  /** 1 for groups whose choice is not to be changed. */
  readonly isFixed: Uint8Array
  /** Damage that one byte is worth. */
  readonly price: number
}

/** A group whose choice is still open. Its options are told by how they differ from the base; the base is one of them. */
export interface CoreGroup {
  readonly group: number
  /** In the option table; bytes rise, damage falls. */
  readonly positions: readonly number[]
  readonly bytes: readonly number[]
  readonly damage: readonly number[]
  /** Reduced cost: how far above the lower bound every solution with this option is. */
  readonly cost: readonly number[]
  /** Hull steps to more bytes than the base, steepest first, and to fewer bytes, flattest first. */
  readonly up: readonly CoreStep[]
  readonly down: readonly CoreStep[]
  /** Of the nearest step's slope from the price. */
  readonly distance: number
}

export interface CoreStep {
  /** How many bytes the step changes, and by how much damage; both positive. */
  readonly bytes: number
  readonly damage: number
  readonly slope: number
}

/**
 * The groups and options that can be part of a better solution than a known one.
 *
 * With the price p as multiplier, any choice costs at least the lower bound plus its reduced costs
 * (d - d0) + p (b - b0), none of which is negative. Options whose own reduced cost is `excess` or more lead to nothing
 * better than what lies `excess` above the bound, and are left out.
 *
 * @returns groups with a step closest to the price first
 */
export function selectCore(base: Base, excess: number): CoreGroup[] {
  const core: CoreGroup[] = []
  for (let group = 0; group < base.positions.length; group++) {
    if (base.isFixed[group] === 1) continue
    const open = openPositions(base, group, excess)
    if (open.length > 1) core.push(describe(base, group, open))
  }
  return core.sort((a, b) => a.distance - b.distance || a.group - b.group)
}

function openPositions({ options, positions, price }: Base, group: number, excess: number): number[] {
  const { start, bytes, damage } = options
  const chosen = positions[group] ?? 0
  const baseCost = (damage[chosen] ?? 0) + price * (bytes[chosen] ?? 0)
  const open: number[] = []
  for (let position = start[group] ?? 0; position < (start[group + 1] ?? 0); position++) {
    const cost = (damage[position] ?? 0) + price * (bytes[position] ?? 0)
    if (position === chosen || cost - baseCost < excess) open.push(position)
  }
  return open
}

function describe({ options, positions, price }: Base, group: number, open: readonly number[]): CoreGroup {
  const chosen = positions[group] ?? 0
  const bytes: number[] = []
  const damage: number[] = []
  const cost: number[] = []
  for (const position of open) {
    const more = (options.bytes[position] ?? 0) - (options.bytes[chosen] ?? 0)
    const less = (options.damage[position] ?? 0) - (options.damage[chosen] ?? 0)
    bytes.push(more)
    damage.push(less)
    cost.push(less + price * more)
  }
  const at = open.indexOf(chosen)
  const up = hullSteps(bytes, damage, at, 1)
  const down = hullSteps(bytes, damage, at, -1)
  const distance = Math.min(price - (up[0]?.slope ?? -Infinity), (down[0]?.slope ?? Infinity) - price)
  return { group, positions: open, bytes, damage, cost, up, down, distance }
}

/** Steps along the lower hull from one option to the last or first. */
function hullSteps(
  bytes: readonly number[],
  damage: readonly number[],
  from: number,
  direction: 1 | -1,
): CoreStep[] {
  const steps: CoreStep[] = []
  for (let next = from + direction; next >= 0 && next < bytes.length; next += direction) {
    const [before, after] = direction === 1 ? [next - 1, next] : [next, next + 1]
    let step = stepOf(
      (bytes[after] ?? 0) - (bytes[before] ?? 0),
      (damage[before] ?? 0) - (damage[after] ?? 0),
    )
    for (let last = steps.at(-1); last && (last.slope - step.slope) * direction < 0; last = steps.at(-1)) {
      steps.pop()
      step = stepOf(last.bytes + step.bytes, last.damage + step.damage)
    }
    steps.push(step)
  }
  return steps
}

function stepOf(bytes: number, damage: number): CoreStep {
  return { bytes, damage, slope: damage / bytes }
}
