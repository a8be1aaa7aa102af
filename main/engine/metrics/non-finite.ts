/** Place of the first NaN or infinite weight, -1 if all are finite. */
export function findNonFinite(weights: Float32Array): number {
  for (let i = 0; i < weights.length; i += 1) {
    // A difference with itself is 0 unless the value is NaN or infinite.
    if ((weights[i] as number) - (weights[i] as number) !== 0) return i
  }
  return -1
}

/**
 * Replaces NaN and infinite weights by 0, so that they do not spoil the scale of their block.
 *
 * @param first place of the first one, -1 for none
 * @returns their places, ascending
 */
export function clearNonFinite(weights: Float32Array, first: number): Uint32Array {
  if (first < 0) return NONE
  const places: number[] = []
  for (let i = first; i < weights.length; i += 1) {
    if (Number.isFinite(weights[i])) continue
    places.push(i)
    weights[i] = 0
  }
  return Uint32Array.from(places)
}

const NONE = new Uint32Array(0)
