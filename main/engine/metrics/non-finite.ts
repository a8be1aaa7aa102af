/**
 * Replaces NaN and infinite weights by 0, so that they do not spoil the scale of their block.
 *
 * @returns their places, ascending
 */
export function clearNonFinite(weights: Float32Array): readonly number[] {
  const places: number[] = []
  for (let i = 0; i < weights.length; i += 1) {
    // A difference with itself is 0 unless the value is NaN or infinite.
    if ((weights[i] as number) - (weights[i] as number) !== 0) {
      places.push(i)
      weights[i] = 0
    }
  }
  return places
}

/** Place of the first NaN or infinite weight, -1 if all are finite. */
export function findNonFinite(weights: Float32Array): number {
  for (let i = 0; i < weights.length; i += 1) {
    if ((weights[i] as number) - (weights[i] as number) !== 0) return i
  }
  return -1
}
