/** Sums over the codes of a block, from which regression gives scale, minimum and error. */
import { LEGACY_BLOCK } from '../legacy-codes.ts'
import { ROUNDER } from '../rounding.ts'
import type { AffineBlock } from './affine-block.ts'

export class CodeSums {
  /** sum w q, sum w q^2 and sum w q x, of values x about their mean. */
  codes = 0
  squares = 0
  products = 0

  /** Of the codes nearest to the values, not kept. */
  round({ values, errorWeights }: AffineBlock, steps: number, scale: number, minimum: number): void {
    const inverse = 1 / scale
    let [sum, squares, products] = [0, 0, 0]
    for (let i = 0; i < LEGACY_BLOCK; i += 1) {
      const value = values[i] as number
      const code = nearestCode(value, steps, inverse, minimum)
      const weighted = (errorWeights[i] as number) * code
      sum += weighted
      squares += weighted * code
      products += weighted * value
    }
    this.codes = sum
    this.squares = squares
    this.products = products
  }

  add({ values, errorWeights }: AffineBlock, codes: Uint8Array): void {
    let [sum, squares, products] = [0, 0, 0]
    for (let i = 0; i < LEGACY_BLOCK; i += 1) {
      const code = codes[i] as number
      const weighted = (errorWeights[i] as number) * code
      sum += weighted
      squares += weighted * code
      products += weighted * (values[i] as number)
    }
    this.codes = sum
    this.squares = squares
    this.products = products
  }

  /** sum w (q - mean q)^2. */
  spread(totalWeight: number): number {
    return this.squares - (this.codes * this.codes) / totalWeight
  }
}

/** Ties go to the even code. */
export function nearestCode(value: number, steps: number, inverse: number, minimum: number): number {
  const code = (value - minimum) * inverse + ROUNDER - ROUNDER
  const above = code > 0 ? code : 0
  return above < steps ? above : steps
}
