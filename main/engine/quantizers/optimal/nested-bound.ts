import type { NestedLayout } from './nested-layout.ts'
import { SubBlockParabolas } from './nested-parabolas.ts'

/**
 * A lower bound of the error of every encoding of a super-block: each sub-block with the real scale that is best for it.
 *
 * @param weights      f32[256], finite
 * @param errorWeights f64[256], finite, non-negative
 */
export function nestedLowerBound(
  layout: NestedLayout,
  weights: Float32Array,
  errorWeights: Float64Array,
): number {
  const parabolas = new SubBlockParabolas(layout)
  let sum = 0
  for (let at = 0; at < weights.length; at += layout.subBlock) {
    parabolas.load(weights, errorWeights, at)
    sum += parabolas.floor
  }
  return sum
}
