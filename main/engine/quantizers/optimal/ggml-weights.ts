/** What ggml's own searches of Q4_0, Q4_1, Q5_0, Q5_1 and IQ4_NL minimise, in their single precision. */
import { LEVEL_BLOCK } from '../iq4-levels.ts'
import { importanceWeights, sumOfSquares } from '../weighting.ts'
import { type ErrorWeights, plainErrorWeights } from './objectives.ts'

const { fround } = Math
const levelBlockWeights = new Float32Array(LEVEL_BLOCK)

/** Q4 and Q5: with importance that of the row's mean square; without, the plain error. */
export const legacyErrorWeights: ErrorWeights = (weights, importance, out) => {
  if (importance === null) return plainErrorWeights(weights, importance, out)
  const count = weights.length
  const narrow = new Float32Array(count)
  const variance = fround(sumOfSquares(weights, 0, count) / count)
  importanceWeights(weights, 0, count, importance, variance, narrow)
  out.set(narrow)
}

/** IQ4_NL: with importance that of twice the block's mean square; without, the squared weights. */
export const levelBlockErrorWeights: ErrorWeights = (weights, importance, out) => {
  for (let at = 0; at < weights.length; at += LEVEL_BLOCK) {
    if (importance === null) {
      for (let i = at; i < at + LEVEL_BLOCK; i += 1)
        out[i] = fround((weights[i] as number) * (weights[i] as number))
      continue
    }
    const block = weights.subarray(at, at + LEVEL_BLOCK)
    const variance = fround(sumOfSquares(block, 0, LEVEL_BLOCK) * (2 / LEVEL_BLOCK))
    importanceWeights(block, 0, LEVEL_BLOCK, importance.subarray(at), variance, levelBlockWeights)
    out.set(levelBlockWeights, at)
  }
}
