/** Single codes moved by one as long as that takes more off the error. */
import { LEGACY_BLOCK } from '../legacy-codes.ts'
import type { AffineBlock } from './affine-block.ts'
import { CodeSums, nearestCode } from './affine-code-sums.ts'
import type { AffineStart } from './affine-starts.ts'

const MOST_MOVES = 8

const sums = new CodeSums()

/** The codes of a start, after the moves that gain most. */
export function polishCodes(block: AffineBlock, steps: number, start: AffineStart, codes: Uint8Array): void {
  const inverse = 1 / start.scale
  for (let i = 0; i < LEGACY_BLOCK; i += 1) {
    codes[i] = nearestCode(block.values[i] as number, steps, inverse, start.minimum)
  }
  sums.add(block, codes)
  for (let move = 0; move < MOST_MOVES; move += 1) if (!moveBest(block, steps, codes)) return
}

/** A code vector takes `products^2 / spread` off the sum of squares. */
function moveBest(
  { values, errorWeights, totalWeight }: AffineBlock,
  steps: number,
  codes: Uint8Array,
): boolean {
  let product = sums.products * sums.products
  let spread = sums.spread(totalWeight)
  let moved = -1
  let direction = 0
  for (let i = 0; i < LEGACY_BLOCK; i += 1) {
    const code = codes[i] as number
    for (let by = -1; by <= 1; by += 2) {
      if (code + by < 0 || code + by > steps) continue
      const weight = (errorWeights[i] as number) * by
      const codeSum = sums.codes + weight
      const products = sums.products + weight * (values[i] as number)
      const newSpread = sums.squares + weight * (2 * code + by) - (codeSum * codeSum) / totalWeight
      const newProduct = products * products
      if (newSpread > 0 && newProduct * spread > product * newSpread) {
        product = newProduct
        spread = newSpread
        moved = i
        direction = by
      }
    }
  }
  if (moved < 0) return false
  const code = (codes[moved] as number) + direction
  const weight = (errorWeights[moved] as number) * direction
  codes[moved] = code
  sums.codes += weight
  sums.squares += weight * (2 * code - direction)
  sums.products += weight * (values[moved] as number)
  return true
}
