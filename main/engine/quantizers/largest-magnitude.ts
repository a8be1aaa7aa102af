const { abs } = Math

/** Largest magnitude of `count` weights: the scale of the formats that do not search for one. */
export function largestMagnitude(x: Float32Array, at: number, count: number): number {
  let largest = 0
  for (let i = at; i < at + count; i += 1) if (abs(x[i] as number) > largest) largest = abs(x[i] as number)
  return largest
}
