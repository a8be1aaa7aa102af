/** What no encoding of a block can go below, for the formats whose blocks hold more than one scale. */
import { LEVELS } from '../iq4-levels.ts'
import { lowerBound } from './k-affine-bound.ts'
import { nestedLowerBound } from './nested-bound.ts'
import { nestedLayout, wholeLevels } from './nested-layout.ts'

/**
 * A lower bound of the weighted squared error of every encoding of one block: each group of weights with the real scale
 * (and minimum) that is best for it.
 *
 * @param weights      f32[block size], finite
 * @param errorWeights f64[block size], finite, non-negative
 */
export type LowerBound = (weights: Float32Array, errorWeights: Float64Array) => number

function affine(subBlock: number, maximumCode: number): LowerBound {
  return (weights, errorWeights) => lowerBound(weights, errorWeights, { subBlock, maximumCode })
}

function nested(levels: readonly number[], subBlock: number, reach: number): LowerBound {
  const layout = nestedLayout({ levels, subBlock, reach })
  return (weights, errorWeights) => nestedLowerBound(layout, weights, errorWeights)
}

const LOWER_BOUNDS: ReadonlyMap<string, LowerBound> = new Map([
  ['Q4_1', affine(32, 15)],
  ['Q5_1', affine(32, 31)],
  ['Q2_K', affine(16, 3)],
  ['Q4_K', affine(32, 15)],
  ['Q5_K', affine(32, 31)],
  ['Q3_K', nested(wholeLevels(4), 16, 32)],
  ['Q6_K', nested(wholeLevels(32), 16, 128)],
  ['IQ4_XS', nested(LEVELS, 32, 32)],
])

/** The bound of a format; undefined where none is known, or where `optimal` itself is the least. */
export function lowerBoundOf(type: string): LowerBound | undefined {
  return LOWER_BOUNDS.get(type)
}
