/** Scale and minimum of each sub-block by itself, not yet bound to multiples of d and dmin. */
import type { AffineBlock, Choices } from './k-affine-block.ts'

/** Where the middle of the codes falls, in codes, against the middle of the weights. */
const SHIFTS = [-0.4, -0.15, 0.15, 0.4] as const
/** Codes that the range of the weights spans, against the highest code: above 0 the ends are cut off. */
const STRETCHES = [-1.5, -1.1, -0.7, -0.3, 0.1, 0.5, 0.9] as const
/** Rounding anew under the best fit, and fitting again. */
const POLISHES = 3
/** Codes that hardly differ determine no scale: the determinant against what it is the difference of. */
const LEAST_SPREAD = 1e-12

/** Weighted least squares over the codes of trial scales and offsets; the best of them polished. */
export function fitSubBlocks(block: AffineBlock, fits: Choices): void {
  for (let j = 0; j < block.count; j += 1) fitSubBlock(block, j, fits)
}

function fitSubBlock(block: AffineBlock, j: number, fits: Choices): void {
  fitConstant(block, j, fits)
  const lowest = block.lowest[j] as number
  const highest = block.highest[j] as number
  const span = highest - lowest
  const inverseSpan = 1 / span
  const centre = (lowest + highest) * 0.5
  for (const shift of SHIFTS) {
    for (const stretch of STRETCHES) {
      const spanned = block.maximumCode + stretch
      const place = (block.maximumCode * 0.5 + shift) / spanned
      block.round(j, spanned * inverseSpan, place * span - centre)
      keepFit(block, j, fits)
    }
  }
  for (let polish = 0; polish < POLISHES; polish += 1) {
    block.round(j, 1 / (fits.scales[j] as number), fits.minima[j] as number)
    keepFit(block, j, fits)
  }
}

/** All codes 0. */
function fitConstant(block: AffineBlock, j: number, fits: Choices): void {
  block.codeSum = 0
  block.codeSquare = 0
  block.product = 0
  const minimum = block.bestMinimum(j, 0, 0)
  block.keep(fits, j, 0, minimum, block.errorOf(j, 0, minimum))
}

/** Fits scale and minimum to the codes that were rounded last, and keeps them where they are better. */
function keepFit(block: AffineBlock, j: number, fits: Choices): void {
  const { codeSum, codeSquare, product } = block
  const weightSum = block.weightSums[j] as number
  const values = block.values[j] as number
  const straight = weightSum * codeSquare
  const determinant = straight - codeSum * codeSum
  const inverse = 1 / determinant
  const scale = (weightSum * product - values * codeSum) * inverse
  const minimum = (codeSum * product - codeSquare * values) * inverse
  const error = block.errorOf(j, scale, minimum)
  if (determinant > LEAST_SPREAD * straight && scale > 0 && error < (fits.errors[j] as number)) {
    block.keep(fits, j, scale, minimum, error)
  }
}

/** The same fits with codes counted from the other end: scale < 0, and the minimum stands for the upper end. */
export function mirrorFits(block: AffineBlock, fits: Choices, out: Choices): void {
  const { maximumCode } = block
  for (let j = 0; j < block.count; j += 1) {
    const scale = fits.scales[j] as number
    const codeSum = fits.codeSums[j] as number
    const weightSum = block.weightSums[j] as number
    const whole = maximumCode * weightSum
    out.scales[j] = -scale
    out.minima[j] = (fits.minima[j] as number) - scale * maximumCode
    out.errors[j] = fits.errors[j] as number
    out.codeSums[j] = whole - codeSum
    out.codeSquares[j] = maximumCode * (whole - 2 * codeSum) + (fits.codeSquares[j] as number)
    out.products[j] = maximumCode * (block.values[j] as number) - (fits.products[j] as number)
  }
}
