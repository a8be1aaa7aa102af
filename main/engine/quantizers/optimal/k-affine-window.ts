/** Scale and minimum codes of all sub-blocks for given d and dmin, and d and dmin for given codes. */
import { halfToFloat } from '../../tensor/half.ts'
import { halfBitsNear, halfNear, LARGEST_HALF_BITS } from './half-near.ts'
import {
  type AffineBlock,
  type Choices,
  createChoices,
  inverseOf,
  limited,
  nearestWhole,
} from './k-affine-block.ts'

/** d and dmin, values of f16. */
export type Pair = readonly [d: number, dmin: number]

/** Scale codes on either side of the expected one that are tried. */
const REACH = 1
/** Neighbours in f16 on either side of the best dmin that are tried. */
const NEIGHBOURS = 2

/** d and dmin with scale and minimum codes (and the sums over weight codes) of every sub-block. */
export interface AffineSolution {
  d: number
  dmin: number
  /** Sum over the sub-blocks. */
  error: number
  readonly choices: Choices
}

export function createSolution(): AffineSolution {
  return { d: 0, dmin: 0, error: Infinity, choices: createChoices() }
}

/**
 * Chooses scale and minimum codes near a centre: for each scale code the nearest weight codes, then their best minimum.
 *
 * @param scaleUnit   what the centre's scales and minima are multiples of: d and dmin if it holds codes, 1 if it holds
 *                    real numbers
 * @param minimumUnit the same for minima
 * @param out         all of it written; not what holds the centre
 */
export function searchWindow(
  block: AffineBlock,
  centre: Choices,
  scaleUnit: number,
  minimumUnit: number,
  d: number,
  dmin: number,
  out: AffineSolution,
): void {
  out.d = d
  out.dmin = dmin
  let sum = 0
  for (let j = 0; j < block.count; j += 1) {
    searchSubBlock(block, j, centre, scaleUnit, minimumUnit, out)
    sum += out.choices.errors[j] as number
  }
  out.error = sum
}

function searchSubBlock(
  block: AffineBlock,
  j: number,
  centre: Choices,
  scaleUnit: number,
  minimumUnit: number,
  { d, dmin, choices }: AffineSolution,
): void {
  const { maximumScale } = block
  const inverseMinimum = inverseOf(dmin)
  const centreScale = scaleUnit * (centre.scales[j] as number)
  const centreMinimum = minimumUnit * (centre.minima[j] as number)
  const slope = (centre.codeSums[j] as number) * (block.inverseWeights[j] as number)
  const expected = nearestWhole(centreScale * inverseOf(d))
  for (let step = -REACH; step <= REACH; step += 1) {
    const scaleCode = limited(expected + step, maximumScale)
    const scale = d * scaleCode
    const moved = centreMinimum + slope * (scale - centreScale)
    const trial = limited(nearestWhole(moved * inverseMinimum), maximumScale)
    block.round(j, inverseOf(scale), dmin * trial)
    const minimum = block.bestMinimum(j, scale, block.codeSum)
    const minimumCode = limited(nearestWhole(minimum * inverseMinimum), maximumScale)
    const error = block.errorOf(j, scale, dmin * minimumCode)
    if (step === -REACH || error < (choices.errors[j] as number)) {
      block.keep(choices, j, scaleCode, minimumCode, error)
    }
  }
}

/** Coefficients of the error as a form in d and dmin: a d^2 - 2 b d dmin + c dmin^2 - 2 u d + 2 v dmin. */
interface PairForm {
  a: number
  b: number
  c: number
  u: number
  v: number
}

function pairForm(block: AffineBlock, choices: Choices): PairForm {
  const form = { a: 0, b: 0, c: 0, u: 0, v: 0 }
  for (let j = 0; j < block.count; j += 1) {
    const scale = choices.scales[j] as number
    const minimum = choices.minima[j] as number
    form.a += scale * scale * (choices.codeSquares[j] as number)
    form.b += scale * minimum * (choices.codeSums[j] as number)
    form.c += minimum * minimum * (block.weightSums[j] as number)
    form.u += scale * (choices.products[j] as number)
    form.v += minimum * (block.values[j] as number)
  }
  return form
}

function errorOfPair({ a, b, c, u, v }: PairForm, d: number, dmin: number): number {
  return d * (a * d - 2 * u) + dmin * (c * dmin + 2 * (v - b * d))
}

/**
 * Fits d and dmin to codes by least squares over f16 pairs: for each dmin near the best real one, the best d.
 *
 * @returns those that the solution has where no pair is better
 */
export function fitPair(block: AffineBlock, solution: AffineSolution): Pair {
  const form = pairForm(block, solution.choices)
  const { a, b, c, u, v } = form
  const determinant = a * c - b * b
  const ideal = determinant > 0 ? (b * u - a * v) / determinant : -v * inverseOf(c)
  const inverse = inverseOf(a)
  const bits = halfBitsNear(ideal)
  let best: Pair = [solution.d, solution.dmin]
  let least = errorOfPair(form, ...best)
  for (let step = -NEIGHBOURS; step <= NEIGHBOURS; step += 1) {
    const dmin = halfToFloat(limited((bits & 0x7fff) + step, LARGEST_HALF_BITS) | (bits & 0x8000))
    const d = halfNear((u + b * dmin) * inverse)
    const error = errorOfPair(form, d, dmin)
    if (error < least) {
      least = error
      best = [d, dmin]
    }
  }
  return best
}
