import { CompensatedSum } from './compensated-sum.ts'
import { lowerHulls, type Hull } from './hull.ts'
import { sortedSteps, type Steps } from './hull-steps.ts'
import { tabulate, type OptionTable } from './option-table.ts'
import { checkProblem, type Problem } from './problem.ts'

/** A set of choices that no other set of at most these bytes can beat. */
export interface HullPoint {
  readonly bytes: number
  readonly damage: number
  /** Damage avoided per byte by the step to here; Infinity for the first point, to which no step leads. */
  readonly slope: number
}

/** Every set of choices that is best for some price of a byte, from the fewest bytes to the least damage. */
export interface Frontier {
  readonly points: readonly HullPoint[]
  readonly smallestBytes: number
  /** Bytes of the least damage; more are of no use. */
  readonly largestBytes: number
  readonly options: OptionTable
  readonly hull: Hull
  /** For every entry of the hulls the first point that has it, or a later one of its group; 0 for the smallest. */
  readonly since: Int32Array
  /** Group of the step from every point to the next. */
  readonly stepGroup: Int32Array
  /** Entry of `hull.position` that every group has at a point. */
  hullAt(point: number): Int32Array
  /** Option of every group at a point, as indices into the problem's lists. */
  choicesAt(point: number): Int32Array
}

/**
 * The Lagrangian frontier: the hull steps of all groups, taken in the order of the damage they avoid per byte.
 *
 * Equal slopes are taken in the order of the groups, so the same problem gives the same frontier.
 *
 * @throws QuantaloupeError `BAD_OPTIONS`
 */
export function buildFrontier(problem: Problem): Frontier {
  checkProblem(problem)
  const options = tabulate(problem)
  const hull = lowerHulls(options)
  const steps = sortedSteps(options, hull)
  const points = walk(options, hull, steps)
  const hullAt = (point: number): Int32Array => {
    const taken = hull.start.slice(0, -1)
    for (const group of steps.group.subarray(0, point)) taken[group] = (taken[group] ?? 0) + 1
    return taken
  }
  return {
    points,
    smallestBytes: points[0]?.bytes ?? 0,
    largestBytes: points.at(-1)?.bytes ?? 0,
    options,
    hull,
    since: sinceWhen(hull, steps.group),
    stepGroup: steps.group,
    hullAt,
    choicesAt: (point) => hullAt(point).map((taken) => options.index[hull.position[taken] ?? 0] ?? 0),
  }
}

function sinceWhen({ start, position }: Hull, stepGroup: Int32Array): Int32Array {
  const since = new Int32Array(position.length)
  const taken = start.slice(0, -1)
  stepGroup.forEach((group, step) => {
    const entry = (taken[group] ?? 0) + 1
    taken[group] = entry
    since[entry] = step + 1
  })
  return since
}

/**
 * Bytes and damage of every point.
 *
 * Damages are summed from the least one up: adding what each step avoids keeps the relative error of every point
 * small, where subtracting from the largest would leave the small ones to rounding.
 */
function walk(options: OptionTable, hull: Hull, steps: Steps): HullPoint[] {
  const damage = new CompensatedSum()
  let bytes = 0
  for (const after of hull.start.subarray(1)) {
    const largest = hull.position[after - 1] ?? 0
    damage.add(options.damage[largest] ?? 0)
    bytes += options.bytes[largest] ?? 0
  }
  const points: HullPoint[] = []
  for (let step = steps.slope.length - 1; step >= 0; step--) {
    points.push({ bytes, damage: damage.value, slope: steps.slope[step] ?? 0 })
    damage.add(steps.damage[step] ?? 0)
    bytes -= steps.bytes[step] ?? 0
  }
  points.push({ bytes, damage: damage.value, slope: Infinity })
  return points.reverse()
}
