/** What no choice of scales, minima and codes of a super-block of Q2_K, Q4_K or Q5_K can go below. */
import { exactAffine } from './affine-arrangement.ts'
import type { AffineShape } from './k-affine-block.ts'

/**
 * Sum of the least weighted errors of the sub-blocks, each with a real scale and minimum of its own.
 *
 * A bound in real arithmetic: rounding of decoded values to f32 moves errors by some 1e-7 of the weights, either way.
 * Slow: it goes through all codes that are nearest for any scale and minimum.
 *
 * @param weights      f32[256], finite
 * @param errorWeights f64[256], finite, non-negative
 */
export function lowerBound(
  weights: Float32Array,
  errorWeights: Float64Array,
  { subBlock, maximumCode }: Pick<AffineShape, 'subBlock' | 'maximumCode'>,
): number {
  let sum = 0
  for (let from = 0; from < weights.length; from += subBlock) {
    const part = weights.subarray(from, from + subBlock)
    sum += exactAffine(part, errorWeights.subarray(from, from + subBlock), maximumCode).error
  }
  return sum
}
