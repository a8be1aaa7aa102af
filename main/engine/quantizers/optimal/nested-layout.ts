/** The shape of formats whose weights are `d * scale * level`: one f16 d per super-block, a whole scale per sub-block. */

interface NestedShape {
  /** Ascending, with one nearest to 0. */
  readonly levels: readonly number[]
  /** Weights with a scale of their own. */
  readonly subBlock: number
  /** Scales are -reach ... reach - 1. */
  readonly reach: number
}

export interface NestedLayout extends NestedShape {
  /** Middles between neighbouring levels: midpoints[k] between levels k and k + 1. */
  readonly midpoints: readonly number[]
  /** Place of the level nearest to 0. */
  readonly base: number
  readonly subBlocks: number
  /**
   * For whole levels -n ... n - 1: the middle below the outermost level, which the other side lacks. Weights that
   * have not crossed it have the same codes, but for the sign, under a scale and its negative. Infinite otherwise.
   */
  readonly outermost: number
  /**
   * Above all rounding of a sub-block's errors, as a part of its sum of w x^2: sums of non-negative steps, at most
   * `steps` of them, are off by as many times 2^-53, and the square of one over another by three times that.
   */
  readonly rounding: number
  /** The largest |d * scale|: the largest f16 times reach. */
  readonly limit: number
}

const SUPER_BLOCK = 256

export function nestedLayout(shape: NestedShape): NestedLayout {
  const { levels, subBlock } = shape
  const level = (k: number): number => levels[k] as number
  const nearest = Math.min(...levels.map((value) => Math.abs(value)))
  const symmetric = levels.slice(1).every((value, k) => value === -level(levels.length - 1 - k))
  const base = levels.findIndex((value) => Math.abs(value) === nearest)
  const steps = subBlock * Math.max(base, levels.length - 1 - base)
  return {
    ...shape,
    midpoints: levels.slice(1).map((value, k) => (level(k) + value) / 2),
    base,
    subBlocks: SUPER_BLOCK / subBlock,
    outermost: symmetric ? -(level(0) + level(1)) / 2 : Infinity,
    rounding: (4 * steps + 64) * 2 ** -53,
    limit: 65504 * shape.reach,
  }
}

/** Levels -count ... count - 1, that of code 0 first. */
export function wholeLevels(count: number): number[] {
  return Array.from({ length: 2 * count }, (_, code) => code - count)
}
