/**
 * A super-block of Q2_K, Q4_K or Q5_K as its searches see it: sub-blocks x ~ scale * code - minimum, in doubles.
 *
 * Given codes, the error of a sub-block is a quadratic form in scale and minimum. Its coefficients are six sums, of
 * which three do not depend on the codes; so other scales and minima for the same codes cost no look at the weights.
 * All sums are taken in the order of the weights: the native twin makes the same ones, a sub-block in each lane.
 */
import { SUPER_BLOCK } from '../k-affine.ts'
import { ROUNDER } from '../rounding.ts'

/** The most sub-blocks of any format. */
export const SUB_BLOCKS = 16

/** Ties to even; of magnitudes up to 2^51. */
export function nearestWhole(value: number): number {
  return value + ROUNDER - ROUNDER
}

/** Into 0 ... highest; what is no number becomes 0. */
export function limited(value: number, highest: number): number {
  const positive = value > 0 ? value : 0
  return positive < highest ? positive : highest
}

/** 1 / value, and 0 of 0. */
export function inverseOf(value: number): number {
  return value === 0 ? 0 : 1 / value
}

/** A scale and a minimum for every sub-block with the sums over the codes that they gave, f64[SUB_BLOCKS] each. */
export interface Choices {
  readonly scales: Float64Array
  readonly minima: Float64Array
  readonly errors: Float64Array
  /** sum w q */
  readonly codeSums: Float64Array
  /** sum w q q */
  readonly codeSquares: Float64Array
  /** sum w q x */
  readonly products: Float64Array
}

export function createChoices(): Choices {
  return {
    scales: new Float64Array(SUB_BLOCKS),
    minima: new Float64Array(SUB_BLOCKS),
    errors: new Float64Array(SUB_BLOCKS),
    codeSums: new Float64Array(SUB_BLOCKS),
    codeSquares: new Float64Array(SUB_BLOCKS),
    products: new Float64Array(SUB_BLOCKS),
  }
}

export interface AffineShape {
  /** Weights that share a scale and a minimum. */
  readonly subBlock: number
  /** Highest code of a weight. */
  readonly maximumCode: number
  /** Highest code of a scale or a minimum. */
  readonly maximumScale: number
}

export class AffineBlock {
  /** Weights of a sub-block, and how many sub-blocks there are. */
  readonly size: number
  readonly count: number
  readonly maximumCode: number
  readonly maximumScale: number
  /** sum w, its inverse (0 where it is 0), sum w x and sum w x x of each sub-block. */
  readonly weightSums = new Float64Array(SUB_BLOCKS)
  readonly inverseWeights = new Float64Array(SUB_BLOCKS)
  readonly values = new Float64Array(SUB_BLOCKS)
  readonly squares = new Float64Array(SUB_BLOCKS)
  readonly lowest = new Float64Array(SUB_BLOCKS)
  readonly highest = new Float64Array(SUB_BLOCKS)
  /** Sums over the codes of the sub-block that was rounded last. */
  codeSum = 0
  codeSquare = 0
  product = 0
  #weights: Float32Array = new Float32Array(0)
  #errorWeights: Float64Array = new Float64Array(0)

  constructor({ subBlock, maximumCode, maximumScale }: AffineShape) {
    this.size = subBlock
    this.count = SUPER_BLOCK / subBlock
    this.maximumCode = maximumCode
    this.maximumScale = maximumScale
  }

  load(weights: Float32Array, errorWeights: Float64Array): void {
    this.#weights = weights
    this.#errorWeights = errorWeights
    for (let j = 0; j < this.count; j += 1) this.#sum(j)
  }

  #sum(j: number): void {
    const from = this.size * j
    let lowest = this.#weights[from] as number
    let highest = lowest
    let weightSum = 0
    let values = 0
    let squares = 0
    for (let i = from; i < from + this.size; i += 1) {
      const value = this.#weights[i] as number
      const weight = this.#errorWeights[i] as number
      if (value < lowest) lowest = value
      if (value > highest) highest = value
      const weighted = weight * value
      weightSum += weight
      values += weighted
      squares += weighted * value
    }
    this.lowest[j] = lowest
    this.highest[j] = highest
    this.weightSums[j] = weightSum
    this.inverseWeights[j] = inverseOf(weightSum)
    this.values[j] = values
    this.squares[j] = squares
  }

  /** Rounds a sub-block to the nearest codes, and sums over them. */
  round(j: number, inverseScale: number, minimum: number): void {
    const { size, maximumCode } = this
    const weights = this.#weights
    const errorWeights = this.#errorWeights
    let codeSum = 0
    let codeSquare = 0
    let product = 0
    for (let i = size * j; i < size * j + size; i += 1) {
      const value = weights[i] as number
      const code = nearestWhole(limited((value + minimum) * inverseScale, maximumCode))
      const weighted = (errorWeights[i] as number) * code
      codeSum += weighted
      codeSquare += weighted * code
      product += weighted * value
    }
    this.codeSum = codeSum
    this.codeSquare = codeSquare
    this.product = product
  }

  /** The codes themselves, u8[256]. */
  encode(j: number, inverseScale: number, minimum: number, codes: Uint8Array): void {
    for (let i = this.size * j; i < this.size * j + this.size; i += 1) {
      const value = this.#weights[i] as number
      codes[i] = nearestWhole(limited((value + minimum) * inverseScale, this.maximumCode))
    }
  }

  /** Error of the codes that were rounded last under a scale and a minimum. */
  errorOf(j: number, scale: number, minimum: number): number {
    return this.#error(j, scale, minimum, this.codeSum, this.codeSquare, this.product)
  }

  /** Error of chosen codes under another scale and minimum. */
  errorOfChoice(choices: Choices, j: number, scale: number, minimum: number): number {
    return this.#error(
      j,
      scale,
      minimum,
      choices.codeSums[j] as number,
      choices.codeSquares[j] as number,
      choices.products[j] as number,
    )
  }

  #error(
    j: number,
    scale: number,
    minimum: number,
    codeSum: number,
    codeSquare: number,
    product: number,
  ): number {
    const ofScale = scale * (scale * codeSquare - 2 * product)
    const crossed = (this.values[j] as number) - scale * codeSum
    const ofMinimum = minimum * (minimum * (this.weightSums[j] as number) + 2 * crossed)
    return (this.squares[j] as number) + ofScale + ofMinimum
  }

  /** The best minimum for a scale and codes of which `codeSum` is known. */
  bestMinimum(j: number, scale: number, codeSum: number): number {
    return (scale * codeSum - (this.values[j] as number)) * (this.inverseWeights[j] as number)
  }

  /** Takes over the codes that were rounded last. */
  keep(choices: Choices, j: number, scale: number, minimum: number, error: number): void {
    choices.scales[j] = scale
    choices.minima[j] = minimum
    choices.errors[j] = error
    choices.codeSums[j] = this.codeSum
    choices.codeSquares[j] = this.codeSquare
    choices.products[j] = this.product
  }
}
