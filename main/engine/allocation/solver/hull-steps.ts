import { slopeBetween, type Hull } from './hull.ts'
import type { OptionTable } from './option-table.ts'

/** Steps from one entry of a hull to the next, of all groups. Bytes and damage avoided are positive. */
export interface Steps {
  readonly group: Int32Array
  readonly bytes: Float64Array
  readonly damage: Float64Array
  readonly slope: Float64Array
}

/** The steps with the most damage avoided per byte first; equal ones in the order of the groups. */
export function sortedSteps(options: OptionTable, hull: Hull): Steps {
  const unsorted = stepsOfGroups(options, hull)
  const order = steepestFirst(unsorted.slope)
  const steps = emptySteps(order.length)
  order.forEach((from, to) => {
    steps.group[to] = unsorted.group[from] ?? 0
    steps.bytes[to] = unsorted.bytes[from] ?? 0
    steps.damage[to] = unsorted.damage[from] ?? 0
    steps.slope[to] = unsorted.slope[from] ?? 0
  })
  return steps
}

function stepsOfGroups(options: OptionTable, hull: Hull): Steps {
  const groups = hull.start.length - 1
  const steps = emptySteps(hull.position.length - groups)
  let step = 0
  for (let group = 0; group < groups; group++) {
    for (let entry = (hull.start[group] ?? 0) + 1; entry < (hull.start[group + 1] ?? 0); entry++, step++) {
      const [from, to] = [hull.position[entry - 1] ?? 0, hull.position[entry] ?? 0]
      steps.group[step] = group
      steps.bytes[step] = (options.bytes[to] ?? 0) - (options.bytes[from] ?? 0)
      steps.damage[step] = (options.damage[from] ?? 0) - (options.damage[to] ?? 0)
      steps.slope[step] = slopeBetween(options, from, to)
    }
  }
  return steps
}

/**
 * Indices of slopes in falling order; equal ones keep theirs, in which steps of a group stand as they are taken.
 *
 * Sorting bare numbers and looking up their places takes a fraction of sorting with a comparison function.
 */
function steepestFirst(slopes: Float64Array): Int32Array {
  const rising = slopes.slice().sort()
  const equalsPlaced = new Int32Array(slopes.length)
  const order = new Int32Array(slopes.length)
  slopes.forEach((slope, index) => {
    const steeper = slopes.length - countUpTo(rising, slope)
    order[steeper + (equalsPlaced[steeper] ?? 0)] = index
    equalsPlaced[steeper] = (equalsPlaced[steeper] ?? 0) + 1
  })
  return order
}

/** How many of the rising values are at most a limit. */
function countUpTo(rising: Float64Array, limit: number): number {
  let [low, high] = [0, rising.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rising[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

function emptySteps(count: number): Steps {
  return {
    group: new Int32Array(count),
    bytes: new Float64Array(count),
    damage: new Float64Array(count),
    slope: new Float64Array(count),
  }
}
