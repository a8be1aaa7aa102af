/**
 * The best finite f16 scale and minimum for given codes.
 *
 * The error is least at the scale d* of the regression, and grows by `spread (d - d*)^2 + W (m - mean(x - d q))^2` away
 * from it. So the best m to a d is the f16 nearest to that mean, and going outwards from d* in both directions there is
 * nothing left to find once the first term alone exceeds the best.
 */
import { halfToFloat } from '../../tensor/half.ts'
import type { AffineBlock } from './affine-block.ts'
import type { CodeSums } from './affine-code-sums.ts'
import { halfBitsNear, LARGEST_HALF, LARGEST_HALF_BITS } from './half-near.ts'

export interface HalfPair {
  /** Values, f16. */
  scale: number
  minimum: number
}

/** Finite f16 in ascending order, by whole numbers: 0 is both zeros. */
export function halfAt(place: number): number {
  return place < 0 ? -halfToFloat(-place) : halfToFloat(place)
}

/** The place of the f16 nearest to a value, as single precision has it. */
export function placeNear(value: number): number {
  const bits = halfBitsNear(value)
  return bits & 0x8000 ? 0x8000 - bits : bits
}

/** The finite f16 nearest to a value; of two as near, that nearer to 0. */
export function nearestHalf(value: number): number {
  // Rounding to single precision first may end on the wrong side of a midpoint.
  const place = placeNear(value)
  const near = halfAt(place)
  const other = place + (value > near ? 1 : -1)
  if (other < -LARGEST_HALF_BITS || other > LARGEST_HALF_BITS) return near
  const neighbour = halfAt(other)
  const [distance, otherDistance] = [Math.abs(value - near), Math.abs(value - neighbour)]
  if (otherDistance < distance) return neighbour
  return otherDistance === distance && Math.abs(neighbour) < Math.abs(near) ? neighbour : near
}

/**
 * Writes the best pair; of equal ones that of the scale nearer to the regression's, then the larger scale.
 *
 * @param sums of the codes, whose spread is above 0
 */
export function bestHalfPair(block: AffineBlock, sums: CodeSums, pair: HalfPair): void {
  const { totalWeight, mean } = block
  const spread = sums.spread(totalWeight)
  const scale = sums.products / spread
  pair.scale = 0
  pair.minimum = 0
  const start = placeNear(scale)
  let least = Infinity
  for (const direction of [1, -1]) {
    for (
      let place = direction > 0 ? start : start - 1;
      Math.abs(place) <= LARGEST_HALF_BITS;
      place += direction
    ) {
      const half = halfAt(place)
      const growth = spread * ((half - scale) * (half - scale))
      if (!(growth < least)) break
      const wanted = mean - (half * sums.codes) / totalWeight
      const minimum = nearestHalf(wanted)
      const excess = growth + totalWeight * ((minimum - wanted) * (minimum - wanted))
      if (!(excess < least)) {
        // With m at its end the excess is convex in d.
        if (Math.abs(minimum) === LARGEST_HALF) break
        continue
      }
      least = excess
      pair.scale = half
      pair.minimum = minimum
    }
  }
}
