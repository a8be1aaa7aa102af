import type { OptionTable } from './option-table.ts'

/** One choice for every group, as positions in the option table, that is best at a price per byte. */
export interface Base {
  readonly options: OptionTable
  readonly positions: Int32Array
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
    const open = openPositions(base, group, excess)
    if (open.length > 1) core.push(describe(base, group, open))
  }
  const distance = new Map(core.map((entry) => [entry, distanceToPrice(entry, base.price)]))
  return core.sort((a, b) => (distance.get(a) ?? 0) - (distance.get(b) ?? 0) || a.group - b.group)
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
  const bytes = open.map((position) => (options.bytes[position] ?? 0) - (options.bytes[chosen] ?? 0))
  const damage = open.map((position) => (options.damage[position] ?? 0) - (options.damage[chosen] ?? 0))
  const differences = open.map((_, index) => ({ bytes: bytes[index] ?? 0, damage: damage[index] ?? 0 }))
  const larger = differences.filter((difference) => difference.bytes >= 0)
  const smaller = differences.filter((difference) => difference.bytes <= 0)
  return {
    group,
    positions: open,
    bytes,
    damage,
    cost: differences.map((difference) => difference.damage + price * difference.bytes),
    up: hullSteps(larger),
    down: hullSteps(smaller).reverse(),
  }
}

/** Steps along the lower hull of points in order of their bytes. */
function hullSteps(points: readonly { readonly bytes: number; readonly damage: number }[]): CoreStep[] {
  const steps: CoreStep[] = []
  for (let next = 1; next < points.length; next++) {
    let step = stepBetween(points[next - 1], points[next])
    for (let last = steps.at(-1); last !== undefined && last.slope < step.slope; last = steps.at(-1)) {
      steps.pop()
      step = joined(last, step)
    }
    steps.push(step)
  }
  return steps
}

function stepBetween(
  from: { readonly bytes: number; readonly damage: number } | undefined,
  to: { readonly bytes: number; readonly damage: number } | undefined,
): CoreStep {
  const bytes = (to?.bytes ?? 0) - (from?.bytes ?? 0)
  const damage = (from?.damage ?? 0) - (to?.damage ?? 0)
  return { bytes, damage, slope: damage / bytes }
}

function joined(a: CoreStep, b: CoreStep): CoreStep {
  const [bytes, damage] = [a.bytes + b.bytes, a.damage + b.damage]
  return { bytes, damage, slope: damage / bytes }
}

function distanceToPrice({ up, down }: CoreGroup, price: number): number {
  return Math.min(price - (up[0]?.slope ?? -Infinity), (down[0]?.slope ?? Infinity) - price)
}
