/**
 * 4-bit floats E2M1, the codes of MXFP4 and NVFP4: `[ s ee m ]`, values 0, 0.5, 1, 1.5, 2, 3, 4, 6 and negatives.
 *
 * As in ggml they are counted doubled, in integers, and the scale is halved instead.
 *
 * @see ggml-quants.c: best_index_mxfp4
 */
const { fround, abs } = Math

const MAGNITUDES = [0, 1, 2, 3, 4, 6, 8, 12] as const
/** Doubled value by code; code 8, minus zero, counts as zero. */
export const DOUBLED_VALUES = Float32Array.from([...MAGNITUDES, 0, ...MAGNITUDES.slice(1).map((m) => -m)])

/**
 * Code nearest to a weight: of equal distances the smaller magnitude, and of the two zeros the positive.
 *
 * The midpoints of the levels are exact and decide. So do the distances that ggml compares as long as they are exact in
 * single precision: while |weight| is below 2^20 of the scale (see {@link nearestDoubledExactly}).
 *
 * @param scale positive, at most 4 significant bits
 */
export function nearestDoubled(weight: number, scale: number): number {
  const magnitude = abs(weight)
  let code: number
  if (magnitude > 2.5 * scale) {
    if (magnitude > 5 * scale) code = magnitude > 10 * scale ? 7 : magnitude > 7 * scale ? 6 : 5
    else code = magnitude > 3.5 * scale ? 4 : 3
  } else {
    code = magnitude > 1.5 * scale ? 2 : magnitude > 0.5 * scale ? 1 : 0
  }
  return weight < 0 && code > 0 ? code | 8 : code
}

/** The same by ggml's comparison of rounded distances: far out they are equal, and the first code wins. */
export function nearestDoubledExactly(weight: number, scale: number): number {
  let best = 0
  let bestError = abs(weight)
  for (let code = 1; code < 16; code += 1) {
    const error = abs(fround((DOUBLED_VALUES[code] as number) * scale - weight))
    if (error < bestError) {
      best = code
      bestError = error
    }
  }
  return best
}
