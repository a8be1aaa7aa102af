/** A block of Q4_1 or Q5_1 as its searches see it: values about their mean, and weights of which the largest is 1. */
import { LEGACY_BLOCK } from '../legacy-codes.ts'
import type { SearchedBlock } from './block-search.ts'

const { fround } = Math

export class AffineBlock {
  /** Weights minus `mean`: f64[32]. */
  readonly values = new Float64Array(LEGACY_BLOCK)
  /** Only their ratios matter, and squares of sums stay in range: f64[32]. */
  readonly errorWeights = new Float64Array(LEGACY_BLOCK)
  totalWeight = 0
  /** Weighted mean of the weights. */
  mean = 0
  /** The extremes of the values that count. */
  low = 0
  high = 0
  private weights: Float32Array = new Float32Array(LEGACY_BLOCK)

  /** False where nothing counts. */
  load({ weights, errorWeights }: SearchedBlock): boolean {
    let largest = 0
    for (const weight of errorWeights) if (weight > largest) largest = weight
    if (!(largest > 0)) return false
    this.weights = weights
    let [total, sum] = [0, 0]
    let low = Infinity
    let high = -Infinity
    for (let i = 0; i < LEGACY_BLOCK; i += 1) {
      const value = weights[i] as number
      const errorWeight = (errorWeights[i] as number) / largest
      this.errorWeights[i] = errorWeight
      total += errorWeight
      sum += errorWeight * value
      if (errorWeight > 0 && value < low) low = value
      if (errorWeight > 0 && value > high) high = value
    }
    this.totalWeight = total
    this.mean = sum / total
    this.low = low - this.mean
    this.high = high - this.mean
    for (let i = 0; i < LEGACY_BLOCK; i += 1) this.values[i] = (weights[i] as number) - this.mean
    return true
  }

  /** The weighted squared error of what is decoded, in the order of the weights. */
  errorOf(scale: number, minimum: number, codes: Uint8Array): number {
    let sum = 0
    for (let i = 0; i < LEGACY_BLOCK; i += 1) {
      const decoded = fround(fround(scale * (codes[i] as number)) + minimum)
      const error = (this.weights[i] as number) - decoded
      sum += (this.errorWeights[i] as number) * (error * error)
    }
    return sum
  }

  /** The codes nearest to the weights, from comparisons with the midpoints; of a scale above 0. */
  round(scale: number, minimum: number, steps: number, codes: Uint8Array): void {
    for (let i = 0; i < LEGACY_BLOCK; i += 1) {
      const height = (this.weights[i] as number) - minimum
      let code = steps >> 1
      while (code < steps && height > scale * (code + 0.5)) code += 1
      while (code > 0 && height <= scale * (code - 0.5)) code -= 1
      codes[i] = code
    }
  }
}
