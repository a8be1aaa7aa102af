/**
 * Search for d and dmin of a super-block, bit for bit like ggml's: single precision in the order of its source.
 *
 * @see ggml-quants.c, make_qp_quants
 */
import { nearestInt } from './rounding.ts'
import { ALL_ZERO } from './symmetric-search.ts'

const { fround } = Math

/** Trial numerators are maximum + 0.1 i, i = -4 ... 4 without 0. */
const NON_NEGATIVE_STEPS = [-4, -3, -2, -1, 1, 2, 3, 4].map((i) => fround(fround(0.1) * i))

/**
 * Codes and scale of non-negative values `x ~ scale * code`, codes 0 ... maximum: the scales of a super-block.
 *
 * @param weights f32[count], the summed weights of each sub-block
 */
export function searchNonNegative(
  x: Float32Array,
  count: number,
  maximum: number,
  weights: Float32Array,
  codes: Uint8Array,
): number {
  let largest = 0
  for (let i = 0; i < count; i += 1) if ((x[i] as number) > largest) largest = x[i] as number
  if (largest < ALL_ZERO) {
    codes.fill(0, 0, count)
    return 0
  }
  const inverse = bestInverse(x, count, maximum, weights, codes, largest)
  let products = 0
  let squares = 0
  for (let i = 0; i < count; i += 1) {
    const value = x[i] as number
    const code = Math.min(maximum, nearestInt(fround(inverse * value)))
    codes[i] = code
    const weight = weights[i] as number
    products = fround(products + fround(fround(weight * value) * code))
    squares = fround(squares + fround(fround(weight * code) * code))
  }
  return refineNonNegative(x, count, maximum, weights, codes, products, squares)
}

function bestInverse(
  x: Float32Array,
  count: number,
  maximum: number,
  weights: Float32Array,
  codes: Uint8Array,
  largest: number,
): number {
  let best = fround(maximum / largest)
  for (let i = 0; i < count; i += 1) codes[i] = nearestInt(fround(best * (x[i] as number)))
  const scale = fround(1 / best)
  let bestError = 0
  for (let i = 0; i < count; i += 1) {
    const error = fround((x[i] as number) - fround(scale * (codes[i] as number)))
    bestError = fround(bestError + fround(fround((weights[i] as number) * error) * error))
  }
  for (const step of NON_NEGATIVE_STEPS) {
    const inverse = fround(fround(step + maximum) / largest)
    const trialScale = fround(1 / inverse)
    let error2 = 0
    for (let i = 0; i < count; i += 1) {
      const value = x[i] as number
      const code = Math.min(maximum, nearestInt(fround(inverse * value)))
      const error = fround(value - fround(trialScale * code))
      error2 = fround(error2 + fround(fround((weights[i] as number) * error) * error))
    }
    if (error2 < bestError) {
      bestError = error2
      best = inverse
    }
  }
  return best
}

/** Moves single codes while that improves the fit, at most five rounds. */
function refineNonNegative(
  x: Float32Array,
  count: number,
  maximum: number,
  weights: Float32Array,
  codes: Uint8Array,
  products: number,
  squares: number,
): number {
  for (let round = 0; round < 5; round += 1) {
    let changed = false
    for (let i = 0; i < count; i += 1) {
      const value = x[i] as number
      const weight = weights[i] as number
      const code = codes[i] as number
      const weightedValue = fround(weight * value)
      let restProducts = fround(products - fround(weightedValue * code))
      let restSquares = fround(squares - fround(fround(weight * code) * code))
      if (!(restProducts > 0 && restSquares > 0)) continue
      const moved = Math.min(maximum, nearestInt(fround(fround(value * restSquares) / restProducts)))
      if (moved === code) continue
      restProducts = fround(restProducts + fround(weightedValue * moved))
      restSquares = fround(restSquares + fround(fround(weight * moved) * moved))
      const gained = fround(fround(restProducts * restProducts) * squares)
      if (!(gained > fround(fround(products * products) * restSquares))) continue
      codes[i] = moved
      products = restProducts
      squares = restSquares
      changed = true
    }
    if (!changed) break
  }
  return squares > 0 ? fround(products / squares) : 0
}
