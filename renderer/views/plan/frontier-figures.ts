import type { FrontierPoint } from '../../../preload/contract.ts'

/** Place of the largest point that is not larger than a file; -1 when all are. */
export function indexWithin(points: readonly FrontierPoint[], fileBytes: number): number {
  let [low, high] = [0, points.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((points[middle]?.fileBytes ?? Infinity) <= fileBytes) low = middle + 1
    else high = middle
  }
  return low - 1
}

/**
 * A damage that no plan of a size can be below: the frontier's points joined by straight lines (the linear relaxation of
 * the choice, Sinha and Zoltners 1979); null where no plan is that small.
 */
export function boundAt(points: readonly FrontierPoint[], fileBytes: number): number | null {
  const index = indexWithin(points, fileBytes)
  const [here, next] = [points[index], points[index + 1]]
  if (!here) return null
  if (!next) return here.damage
  const share = (fileBytes - here.fileBytes) / (next.fileBytes - here.fileBytes)
  return here.damage + (next.damage - here.damage) * share
}

/** The next larger (or smaller) point than a file, so many steps away, as keys walk. */
export function stepFrom(
  points: readonly FrontierPoint[],
  fileBytes: number,
  steps: number,
): FrontierPoint | null {
  const index = indexWithin(points, fileBytes)
  const isBetween = points[index]?.fileBytes !== fileBytes
  const target = steps < 0 && isBetween ? index + steps + 1 : index + steps
  return points[Math.min(points.length - 1, Math.max(0, target))] ?? null
}

/** Sizes of one model in the units in which a budget is given. */
export interface BudgetScale {
  readonly smallest: number
  readonly largest: number
  bpwOf(fileBytes: number): number
  fileBytesOf(bpw: number): number
}

/**
 * Bits per weight grow with the bytes of the file along a straight line: what is not weights is the same in every plan.
 *
 * @param parameters weights of the model, for a frontier of a single point
 */
export function budgetScale(points: readonly FrontierPoint[], parameters: number): BudgetScale | null {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return null
  const run = last.fileBytes - first.fileBytes
  const slope = run > 0 ? (last.bpw - first.bpw) / run : 8 / Math.max(1, parameters)
  return {
    smallest: first.fileBytes,
    largest: last.fileBytes,
    bpwOf: (fileBytes) => first.bpw + (fileBytes - first.fileBytes) * slope,
    fileBytesOf: (bpw) => first.fileBytes + (bpw - first.bpw) / slope,
  }
}

/** At most so many points, evenly over the damage, the ends among them: what a picture can show. */
export function thinned(points: readonly FrontierPoint[], most: number): readonly FrontierPoint[] {
  if (points.length <= most) return points
  const step = (points.length - 1) / (most - 1)
  return Array.from({ length: most }, (_none, index) => points[Math.round(index * step)]).filter(
    (point) => point !== undefined,
  )
}
