/**
 * Search for the split of a sub-block of IQ1_M, whose two groups of 8 have a shift each.
 *
 * ggml used to sum every split anew, value by value; since September 2026 (llama.cpp pull request 28706, ggml 0.25) it
 * takes sums up to each place, kept for each group. Rounded sums differ between the two, and so do some bytes. The
 * newer way is the one followed here.
 *
 * @see ggml-quants.c: quantize_row_iq1_m_impl
 */
import { DOWN, GROUP, SHIFT, UP } from './iq1-groups.ts'
import { compareSplit, isBelow, startSplits } from './iq1-split.ts'

const { fround, max } = Math

const COUNT = 2 * GROUP
const PLACES = COUNT + 1

/** Levels of the two groups by the number of the pair: bit 1 is set where the first goes down, bit 0 the second. */
export const PAIRS: readonly (readonly [Float32Array, Float32Array])[] = [
  [UP, UP],
  [UP, DOWN],
  [DOWN, UP],
  [DOWN, DOWN],
]

/** Sums over the values of each group before each place: of w x and of w. */
const products = [new Float32Array(PLACES), new Float32Array(PLACES)] as const
const weights = [new Float32Array(PLACES), new Float32Array(PLACES)] as const

/** The same in double precision for both groups, the weights times 1 - 2/8 in groups that go up, 1 + 2/8 down. */
const bothProducts = new Float64Array(PLACES)
const bothSquares = [
  new Float64Array(PLACES),
  new Float64Array(PLACES),
  new Float64Array(PLACES),
  new Float64Array(PLACES),
] as const
/** Sums with all values at the highest level. */
const highestProducts = new Float64Array(4)
const highestSquares = new Float64Array(4)

/** Fills {@link split}: every way to cut the sorted values in three, with every pair of shifts. */
export function searchPairSplit(
  x: Float32Array,
  at: number,
  errorWeights: Float32Array,
  order: Uint8Array,
): void {
  sumSorted(x, at, errorWeights, order)
  sumRoughly()
  const floor = startSplits(evenScore(), (weights[0][COUNT] as number) + (weights[1][COUNT] as number))
  for (let first = 0; first <= COUNT; first += 1) compareFrom(first, floor)
}

function sumSorted(x: Float32Array, at: number, errorWeights: Float32Array, order: Uint8Array): void {
  for (let place = 0; place < COUNT; place += 1) {
    const i = order[place] as number
    const weight = errorWeights[at + i] as number
    const product = fround(weight * (x[at + i] as number))
    for (const group of [0, 1] as const) {
      const isIts = i >>> 3 === group
      products[group][place + 1] = (products[group][place] as number) + (isIts ? product : 0)
      weights[group][place + 1] = (weights[group][place] as number) + (isIts ? weight : 0)
    }
  }
}

function sumRoughly(): void {
  for (let place = 0; place <= COUNT; place += 1) {
    bothProducts[place] = (products[0][place] as number) + (products[1][place] as number)
  }
  for (let pair = 0; pair < 4; pair += 1) {
    const [one, two] = PAIRS[pair] as readonly [Float32Array, Float32Array]
    const [top, otherTop] = [one[2] as number, two[2] as number]
    const squares = bothSquares[pair] as Float64Array
    for (let place = 0; place <= COUNT; place += 1) {
      squares[place] =
        (weights[0][place] as number) * lowStep(one) + (weights[1][place] as number) * lowStep(two)
    }
    highestProducts[pair] = (products[0][COUNT] as number) * top + (products[1][COUNT] as number) * otherTop
    highestSquares[pair] =
      (weights[0][COUNT] as number) * top * top + (weights[1][COUNT] as number) * otherTop * otherTop
  }
}

/** How much the square of the lowest level is above that of the middle one. */
function lowStep(levels: Float32Array): number {
  return levels === UP ? 1 - 2 * SHIFT : 1 + 2 * SHIFT
}

/** How much the square of the middle level is above that of the highest one. */
function highStep(levels: Float32Array): number {
  return levels === UP ? -1 - 2 * SHIFT : -1 + 2 * SHIFT
}

/** The best score among splits with as many values below the first cut as behind the second. */
function evenScore(): number {
  let score = 0
  for (let first = 1; first <= COUNT / 2; first += 1) {
    for (const [one, two] of PAIRS) {
      const second = COUNT - first
      const sum = splitProducts(0, first, second, one) + splitProducts(1, first, second, two)
      const squares = splitSquares(0, first, second, one) + splitSquares(1, first, second, two)
      score = max(score, (sum * sum) / squares)
    }
  }
  return score
}

/** Compares the splits with a first cut that are not below the floor with every pair. */
function compareFrom(first: number, floor: number): void {
  const [squares0, squares1, squares2, squares3] = bothSquares
  const lower = bothProducts[first] as number
  const products0 = (highestProducts[0] as number) - lower
  const products1 = (highestProducts[1] as number) - lower
  const products2 = (highestProducts[2] as number) - lower
  const products3 = (highestProducts[3] as number) - lower
  const lowest0 = (highestSquares[0] as number) + (squares0[first] as number)
  const lowest1 = (highestSquares[1] as number) + (squares1[first] as number)
  const lowest2 = (highestSquares[2] as number) + (squares2[first] as number)
  const lowest3 = (highestSquares[3] as number) + (squares3[first] as number)
  for (let second = first; second <= COUNT; second += 1) {
    const taken = bothProducts[second] as number
    // The upper steps between squared levels are the lower steps of the opposite pair.
    const below =
      isBelow(floor, products0 - taken, lowest0 - (squares3[second] as number)) &&
      isBelow(floor, products1 - taken, lowest1 - (squares2[second] as number)) &&
      isBelow(floor, products2 - taken, lowest2 - (squares1[second] as number)) &&
      isBelow(floor, products3 - taken, lowest3 - (squares0[second] as number))
    if (!below) comparePairs(first, second)
  }
}

function comparePairs(first: number, second: number): void {
  for (let pair = 0; pair < 4; pair += 1) {
    const [one, two] = PAIRS[pair] as readonly [Float32Array, Float32Array]
    compareSplit(
      fround(splitProducts(0, first, second, one) + splitProducts(1, first, second, two)),
      fround(splitSquares(0, first, second, one) + splitSquares(1, first, second, two)),
      first,
      second,
      pair,
    )
  }
}

/** sum w q x of a group: all at the highest level, less the values up to each cut, whose level is 1 lower. */
function splitProducts(group: 0 | 1, first: number, second: number, levels: Float32Array): number {
  const sum = products[group]
  const highest = fround((sum[COUNT] as number) * (levels[2] as number))
  return fround(highest - fround((sum[first] as number) + (sum[second] as number)))
}

/** sum w q q of a group. */
function splitSquares(group: 0 | 1, first: number, second: number, levels: Float32Array): number {
  const sum = weights[group]
  const top = levels[2] as number
  const highest = fround(fround((sum[COUNT] as number) * top) * top)
  const lowest = fround(highest + fround((sum[first] as number) * lowStep(levels)))
  return fround(lowest + fround((sum[second] as number) * highStep(levels)))
}
