/**
 * Where the search for d and dmin starts: the pairs under which the fits of the sub-blocks lose least.
 *
 * The codes of the fits stay as they are here, so that a pair costs a few operations per sub-block.
 */
import { halfNear } from './half-near.ts'
import type { Pair } from './k-affine-window.ts'
import { type AffineBlock, type Choices, inverseOf, limited, nearestWhole } from './k-affine-block.ts'

/** d = largest scale / (highest code * ratio): above 1 the largest is cut off, below 1 the highest codes are unused. */
const SCALE_RATIOS = Array.from({ length: 25 }, (_, i) => (76 + 2 * i) / 100)
/** The same for dmin. */
const MINIMUM_RATIOS = Array.from({ length: 17 }, (_, i) => (76 + 3 * i) / 100)
/** Values of d that are tried with every dmin. */
const SCALES_KEPT = 3

/** The best of several, in order; of equal ones the first comes first. */
class Ranking {
  readonly errors: Float64Array
  readonly places: Int32Array

  constructor(length: number) {
    this.errors = new Float64Array(length)
    this.places = new Int32Array(length)
  }

  clear(): void {
    this.errors.fill(Infinity)
    this.places.fill(-1)
  }

  add(place: number, error: number): void {
    if (!(error < (this.errors[this.errors.length - 1] as number))) return
    let at = this.errors.length - 1
    for (; at > 0 && error < (this.errors[at - 1] as number); at -= 1) {
      this.errors[at] = this.errors[at - 1] as number
      this.places[at] = this.places[at - 1] as number
    }
    this.errors[at] = error
    this.places[at] = place
  }

  of<T>(items: readonly T[]): T[] {
    return [...this.places].filter((place) => place >= 0).map((place) => items[place] as T)
  }
}

const scaleRanking = new Ranking(SCALES_KEPT)
const pairRanking = new Ranking(2)

/** The best pairs, best first: at most two. */
export function startingPairs(block: AffineBlock, fits: Choices): Pair[] {
  const pairs = triedPairs(block, fits)
  pairRanking.clear()
  for (const [place, [d, dmin]] of pairs.entries()) pairRanking.add(place, pairError(block, fits, d, dmin))
  return pairRanking.of(pairs)
}

function triedPairs(block: AffineBlock, fits: Choices): Pair[] {
  const minima = triedMinima(block, fits)
  return bestScales(block, fits).flatMap((d) => minima.map((dmin): Pair => [d, dmin]))
}

/** Values of d by what the fits lose if every minimum follows freely. */
function bestScales(block: AffineBlock, fits: Choices): number[] {
  const largest = largestScale(block, fits)
  const scales = SCALE_RATIOS.map((ratio) => halfNear(largest / (block.maximumScale * ratio)))
  scaleRanking.clear()
  for (const [place, d] of scales.entries()) scaleRanking.add(place, scaleLoss(block, fits, d))
  return scaleRanking.of(scales)
}

/** The scale of largest magnitude; all have one sign. */
function largestScale(block: AffineBlock, fits: Choices): number {
  let largest = 0
  for (let j = 0; j < block.count; j += 1) {
    const scale = fits.scales[j] as number
    if (Math.abs(scale) > Math.abs(largest)) largest = scale
  }
  return largest
}

function scaleLoss(block: AffineBlock, fits: Choices, d: number): number {
  const inverse = inverseOf(d)
  let loss = 0
  for (let j = 0; j < block.count; j += 1) {
    const scale = fits.scales[j] as number
    const codeSum = fits.codeSums[j] as number
    const change = d * limited(nearestWhole(scale * inverse), block.maximumScale) - scale
    const spread = (fits.codeSquares[j] as number) - codeSum * codeSum * (block.inverseWeights[j] as number)
    loss += change * change * spread
  }
  return loss
}

/** dmin of either sign that minima have: a negative one lifts codes that are all above 0. */
function triedMinima(block: AffineBlock, fits: Choices): number[] {
  let highest = 0
  let lowest = 0
  for (let j = 0; j < block.count; j += 1) {
    const minimum = fits.minima[j] as number
    if (minimum > highest) highest = minimum
    if (minimum < lowest) lowest = minimum
  }
  const extremes = [highest, lowest].filter((extreme) => extreme !== 0)
  if (extremes.length === 0) return [0]
  return extremes.flatMap((extreme) =>
    MINIMUM_RATIOS.map((ratio) => halfNear(extreme / (block.maximumScale * ratio))),
  )
}

/** Error of the fits' codes under d and dmin, each sub-block with the better of two scale codes. */
function pairError(block: AffineBlock, fits: Choices, d: number, dmin: number): number {
  const inverse = inverseOf(d)
  const inverseMinimum = inverseOf(dmin)
  const { maximumScale } = block
  let sum = 0
  for (let j = 0; j < block.count; j += 1) {
    const ideal = (fits.scales[j] as number) * inverse
    const nearest = nearestWhole(ideal)
    const other = ideal > nearest ? nearest + 1 : nearest - 1
    const first = errorAt(block, fits, j, d * limited(nearest, maximumScale), dmin, inverseMinimum)
    const second = errorAt(block, fits, j, d * limited(other, maximumScale), dmin, inverseMinimum)
    sum += second < first ? second : first
  }
  return sum
}

function errorAt(
  block: AffineBlock,
  fits: Choices,
  j: number,
  scale: number,
  dmin: number,
  inverseMinimum: number,
): number {
  const minimum = block.bestMinimum(j, scale, fits.codeSums[j] as number)
  const code = limited(nearestWhole(minimum * inverseMinimum), block.maximumScale)
  return block.errorOfChoice(fits, j, scale, dmin * code)
}
