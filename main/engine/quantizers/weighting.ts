/** Weights of the squared error that ggml's searches minimise. */
const { abs, fround, sqrt } = Math

/** Sum of squares in single precision, in order. */
export function sumOfSquares(x: Float32Array, at: number, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i += 1) {
    const value = x[at + i] as number
    sum = fround(sum + fround(value * value))
  }
  return sum
}

/**
 * Importance times the root of (variance + squared weight): large weights count more, small ones are not ignored.
 *
 * @param variance mean square of the surrounding row or super-block
 * @param out      f32[count], from index 0
 */
export function importanceWeights(
  x: Float32Array,
  at: number,
  count: number,
  importance: Float32Array,
  variance: number,
  out: Float32Array,
): void {
  for (let i = 0; i < count; i += 1) {
    const value = x[at + i] as number
    const root = fround(sqrt(fround(variance + fround(value * value))))
    out[i] = fround((importance[at + i] as number) * root)
  }
}

/** Weights of a sub-block of Q4_K or Q5_K without importance: root mean square plus magnitude, f32[32]. */
export function magnitudeWeights(x: Float32Array, at: number, out: Float32Array): void {
  const average = fround(sqrt(fround(sumOfSquares(x, at, 32) / 32)))
  for (let i = 0; i < 32; i += 1) out[i] = average + abs(x[at + i] as number)
}
