/** Levels that one scale stretches: a weight is stored as the place of a level and decoded as `d * level`. */
export interface ScaledLevels {
  /** Ascending, at least two, not all on 0. */
  readonly values: Float64Array
  /** Halfway between neighbours: a weight above `d * midpoints[k]` is nearer to level k + 1 than to level k. */
  readonly midpoints: Float64Array
  /** Place of the level nearest to 0, the lower of two. */
  readonly nearestZero: number
  /** Least magnitude of a level that is not 0. */
  readonly leastMagnitude: number
  /** Consecutive integers with 0 among them, for which scales can be halved and turned round. */
  readonly consecutive: boolean
}

/** @param levels ascending, at most 256 */
export function scaledLevels(levels: ArrayLike<number>): ScaledLevels {
  const values = Float64Array.from(levels)
  let nearestZero = 0
  for (const [place, value] of values.entries()) {
    if (Math.abs(value) < Math.abs(values[nearestZero] as number)) nearestZero = place
  }
  return {
    values,
    midpoints: values.slice(1).map((value, place) => (value + (values[place] as number)) / 2),
    nearestZero,
    leastMagnitude: Math.min(...Array.from(values, Math.abs).filter((magnitude) => magnitude > 0)),
    consecutive: values[nearestZero] === 0 && values.every((value, place) => value === place - nearestZero),
  }
}

/** The integers from `low` to `high`. */
export function integerLevels(low: number, high: number): ScaledLevels {
  return scaledLevels(Array.from({ length: high - low + 1 }, (_, place) => low + place))
}

/**
 * Place of the level nearest to `weight / scale`; halfway between two it is the lower.
 *
 * Products of an f16 scale and a midpoint of up to 42 bits are exact in a double: no rounding decides.
 *
 * @param scale positive
 */
export function nearestLevel(weight: number, scale: number, levels: ScaledLevels): number {
  const { midpoints } = levels
  let low = 0
  let high = midpoints.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (weight > scale * (midpoints[middle] as number)) low = middle + 1
    else high = middle
  }
  return low
}
