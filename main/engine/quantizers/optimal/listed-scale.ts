/**
 * The best scale of a block of E2M1 codes (`e2m1.ts`) whose scale is one byte: all of them are tried.
 *
 * The native twin leaves most of them out. It may, as E below is computed from terms and by additions whose rounding
 * is monotone, so that inequalities between distances to levels hold for computed errors too. Let M be the largest
 * magnitude that counts.
 * - A scale s with M <= 7 s, where s / 2 is a scale as well: up to the midpoint 7 s the nearest levels are among
 *   0, 1, 2, 3, 4 and 6 s (levels counted doubled), and all of these are levels of s / 2. So E(s / 2) <= E(s), and
 *   s / 2 has the smaller byte.
 * - Scales below s, where the weights beyond 12 s alone make an error above one that is known: no scale below s brings
 *   its levels nearer to them.
 */
import { DOUBLED_VALUES, nearestDoubled } from '../e2m1.ts'

/**
 * Finds the byte with the least `E = sum errorWeights (weight - scale * level)^2`, levels being the nearest to each
 * weight, summed in order in double precision. Of equal E the smallest byte is taken.
 *
 * @param weights      f32[n], finite
 * @param errorWeights f64[n], non-negative
 * @param scales       of doubled levels, by byte, ascending; at most 4 significant bits each; only the first may be 0
 */
export function searchListedScale(
  weights: Float32Array,
  errorWeights: Float64Array,
  scales: Float32Array,
): number {
  let best = 0
  let least = Infinity
  for (let byte = 0; byte < scales.length; byte += 1) {
    const error = errorUnder(scales[byte] as number, weights, errorWeights, least)
    if (error < least) {
      best = byte
      least = error
    }
  }
  return best
}

/** E of a scale, or part of it that has reached `limit`. */
function errorUnder(scale: number, weights: Float32Array, errorWeights: Float64Array, limit: number): number {
  let sum = 0
  for (let i = 0; i < weights.length && sum < limit; i += 1) {
    const weight = weights[i] as number
    const error = weight - scale * (DOUBLED_VALUES[nearestDoubled(weight, scale)] as number)
    sum += (errorWeights[i] as number) * (error * error)
  }
  return sum
}
