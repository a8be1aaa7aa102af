/** What ggml's own searches of IQ2 and IQ3 formats minimise, in the single precision in which they compute it. */
import { importanceWeights, sumOfSquares } from '../weighting.ts'
import { SUPER_BLOCK } from './grid-block.ts'
import type { ErrorWeights } from './objectives.ts'

const { fround } = Math

const weights = new Float32Array(SUPER_BLOCK)

/**
 * Importance times the root of (variance + squared weight); without importance the squared weight and some variance.
 *
 * @param multiple  of the mean square of a super-block: the variance
 * @param alone     times the variance: what is added to a squared weight where there is no importance
 */
export function gridErrorWeights(multiple: 1 | 2, alone: 0 | 0.25): ErrorWeights {
  return (row, importance, out) => {
    for (let at = 0; at < row.length; at += SUPER_BLOCK) {
      const variance = fround(fround(multiple * sumOfSquares(row, at, SUPER_BLOCK)) / SUPER_BLOCK)
      if (importance !== null) importanceWeights(row, at, SUPER_BLOCK, importance, variance, weights)
      else squaredWeights(row, at, fround(alone * variance))
      out.set(weights, at)
    }
  }
}

function squaredWeights(row: Float32Array, at: number, least: number): void {
  for (let i = 0; i < SUPER_BLOCK; i += 1) {
    const value = row[at + i] as number
    weights[i] = least + fround(value * value)
  }
}
