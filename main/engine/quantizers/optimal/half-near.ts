/** Finite f16 values beside a number. */
import { floatToHalf, halfToFloat } from '../../tensor/half.ts'

/** The largest finite f16. */
export const LARGEST_HALF = 65504
export const LARGEST_HALF_BITS = 0x7bff
const SMALLEST = 2 ** -24

/** The nearest finite f16 value, and for what is not 0 none that is 0. */
export function halfNear(value: number): number {
  const half = halfToFloat(floatToHalf(limitedToHalf(value)))
  if (half !== 0 || value === 0) return half
  return value < 0 ? -SMALLEST : SMALLEST
}

/** As bits, to step to the neighbours. */
export function halfBitsNear(value: number): number {
  return floatToHalf(limitedToHalf(value))
}

function limitedToHalf(value: number): number {
  const above = value > -LARGEST_HALF ? value : -LARGEST_HALF
  return above < LARGEST_HALF ? above : LARGEST_HALF
}
