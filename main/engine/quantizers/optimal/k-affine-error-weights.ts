/**
 * What ggml's searches of Q2_K, Q4_K and Q5_K minimise, in its own single precision.
 *
 * @see ggml-quants.c: quantize_row_q4_K_ref, quantize_row_q4_K_impl and the same of q2_K and q5_K
 */
import { type AffineLayout, SUPER_BLOCK, superBlockVariance } from '../k-affine.ts'
import { importanceWeights } from '../weighting.ts'
import type { ErrorWeights } from './objectives.ts'

export function kAffineErrorWeights(layout: AffineLayout): ErrorWeights {
  const { subBlock } = layout.scales
  const part = new Float32Array(SUPER_BLOCK)
  return (weights, importance, out) => {
    for (let at = 0; at < weights.length; at += SUPER_BLOCK) {
      if (importance === null) {
        for (let from = 0; from < SUPER_BLOCK; from += subBlock) {
          layout.plainWeights(weights, at + from, part.subarray(from))
        }
      } else {
        importanceWeights(weights, at, SUPER_BLOCK, importance, superBlockVariance(weights, at, layout), part)
      }
      out.set(part, at)
    }
  }
}
