/** The least error over every finite f16 scale, found by trying them all: what searches are judged by. */
import { halfToFloat } from '../../main/engine/tensor/half.ts'

const LARGEST_HALF = 0x7bff
const NEGATIVE = 0x8000

/** Sum of error weights times squared distances to the nearest of `scale * levels`, in order. */
function errorUnder(
  weights: Float32Array,
  errorWeights: Float64Array,
  levels: readonly number[],
  scale: number,
  limit: number,
): number {
  const values = levels.map((level) => scale * level)
  let sum = 0
  for (let i = 0; i < weights.length && sum <= limit; i += 1) {
    let distance = Infinity
    for (const value of values) distance = Math.min(distance, Math.abs(weights[i]! - value))
    sum += errorWeights[i]! * (distance * distance)
  }
  return sum
}

/** The least error and its scale: of equal errors the smaller, of opposite scales the positive. */
export function bestOfAllHalves(
  weights: Float32Array,
  errorWeights: Float64Array,
  levels: readonly number[],
): { readonly error: number; readonly scale: number } {
  let best = { error: Infinity, scale: 0 }
  for (let magnitude = 0; magnitude <= LARGEST_HALF; magnitude += 1) {
    for (const bits of [magnitude, magnitude | NEGATIVE]) {
      const scale = halfToFloat(bits)
      const error = errorUnder(weights, errorWeights, levels, scale, best.error)
      if (error < best.error) best = { error, scale }
    }
  }
  return best
}

/** The same for scales of a list: of equal errors the first. */
export function bestOfScales(
  weights: Float32Array,
  errorWeights: Float64Array,
  scales: readonly (readonly number[])[],
): { readonly error: number; readonly place: number } {
  let best = { error: Infinity, place: -1 }
  for (const [place, values] of scales.entries()) {
    const error = errorUnder(weights, errorWeights, values, 1, best.error)
    if (error < best.error) best = { error, place }
  }
  return best
}
