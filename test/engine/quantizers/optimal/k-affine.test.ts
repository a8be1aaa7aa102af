import { describe, expect, it } from 'vitest'
import type { Format, Method } from '../../../../main/engine/quantizers/format.ts'
import {
  AffineBlock,
  type AffineShape,
  createChoices,
} from '../../../../main/engine/quantizers/optimal/k-affine-block.ts'
import { lowerBound } from '../../../../main/engine/quantizers/optimal/k-affine-bound.ts'
import { fitSubBlocks, mirrorFits } from '../../../../main/engine/quantizers/optimal/k-affine-fit.ts'
import { startingPairs } from '../../../../main/engine/quantizers/optimal/k-affine-starts.ts'
import {
  type AffineSolution,
  createSolution,
  fitPair,
  searchWindow,
} from '../../../../main/engine/quantizers/optimal/k-affine-window.ts'
import { Q2_K } from '../../../../main/engine/quantizers/q2-k.ts'
import { Q4_K } from '../../../../main/engine/quantizers/q4-k.ts'
import { Q5_K } from '../../../../main/engine/quantizers/q5-k.ts'
import { floatToHalf, halfToFloat } from '../../../../main/engine/tensor/half.ts'
import { randomImportance, randomRow } from '../../../support/random-rows.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

const SHAPES: readonly (readonly [Format, AffineShape])[] = [
  [Q2_K, { subBlock: 16, maximumCode: 3, maximumScale: 15 }],
  [Q4_K, { subBlock: 32, maximumCode: 15, maximumScale: 63 }],
  [Q5_K, { subBlock: 32, maximumCode: 31, maximumScale: 63 }],
]
const CASES = SHAPES.map(([format, shape]) => [format.name, format, shape] as const)
const ONES = new Float64Array(256).fill(1)

/** Error of a solution with every weight rounded to the nearest code, summed over the weights. */
function errorOf(
  weights: Float32Array,
  errorWeights: Float64Array,
  shape: AffineShape,
  { d, dmin, choices }: AffineSolution,
): number {
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    const j = Math.floor(i / shape.subBlock)
    const scale = d * choices.scales[j]!
    const minimum = dmin * choices.minima[j]!
    sum += errorWeights[i]! * nearestError(weight + minimum, scale, shape.maximumCode)
  }
  return sum
}

function nearestError(height: number, scale: number, maximumCode: number): number {
  let least = Infinity
  for (let code = 0; code <= maximumCode; code += 1) least = Math.min(least, (height - scale * code) ** 2)
  return least
}

/** Fits of a random super-block, and a first solution from them. */
function started(shape: AffineShape, seed: number) {
  const weights = randomRow('heavy', 256, seed)
  const errorWeights = Float64Array.from(randomImportance('lognormal', 256, seed + 50))
  const block = new AffineBlock(shape)
  block.load(weights, errorWeights)
  const fits = createChoices()
  fitSubBlocks(block, fits)
  const [d, dmin] = startingPairs(block, fits)[0]!
  const solution = createSolution()
  searchWindow(block, fits, 1, 1, d, dmin, solution)
  return { weights, errorWeights, block, fits, solution }
}

function totalError(
  format: Format,
  method: 'reference' | 'optimal',
  weights: Float32Array,
  importance: Float32Array | null,
): number {
  const bytes = encode(format, method, weights, importance)
  return blockErrors(format, weights, (i) => importance?.[i] ?? 1, bytes).reduce((sum, one) => sum + one, 0)
}

function decodedBy(format: Format, weights: Float32Array, importance: Float32Array | null): Float32Array {
  const decoded = new Float32Array(weights.length)
  format.dequantize(encode(format, 'optimal', weights, importance), decoded)
  return decoded
}

function dminOf(format: Format, bytes: Uint8Array): number {
  const at = format === Q2_K ? 82 : 2
  return halfToFloat(bytes[at]! | (bytes[at + 1]! << 8))
}

describe.each(CASES)('%s', (_name, format, shape) => {
  it('gives an error between the lower bound and that of the reference', () => {
    for (const importance of [null, randomImportance('lognormal', 256, 9)]) {
      const weights = randomRow('gauss', 256, 21)
      const errorWeights = importance === null ? ONES : Float64Array.from(importance)
      const found = totalError(format, 'optimal', weights, importance)
      expect(found).toBeLessThan(totalError(format, 'reference', weights, importance))
      expect(found).toBeGreaterThan(lowerBound(weights, errorWeights, shape))
    }
  })

  it('lies within a tenth of the lower bound for Gaussian weights', () => {
    let found = 0
    let bound = 0
    for (let seed = 0; seed < 4; seed += 1) {
      const weights = randomRow('gauss', 256, 100 + 2 * seed)
      found += totalError(format, 'optimal', weights, null)
      bound += lowerBound(weights, ONES, shape)
    }
    expect(found / bound).toBeLessThan(1.1)
  })

  it('never raises the error by fitting and searching in turns', () => {
    for (let seed = 1; seed < 9; seed += 1) {
      const { block, solution } = started(shape, seed)
      let current = solution
      for (let round = 0; round < 6; round += 1) {
        const [d, dmin] = fitPair(block, current)
        const next = createSolution()
        searchWindow(block, current.choices, d, dmin, d, dmin, next)
        expect(next.error).toBeLessThanOrEqual(current.error * (1 + 1e-12))
        current = next
      }
    }
  })

  it('knows the error of its solution without looking at the weights again', () => {
    const { weights, errorWeights, solution } = started(shape, 3)
    const actual = errorOf(weights, errorWeights, shape, solution)
    expect(actual).toBeLessThanOrEqual(solution.error * (1 + 1e-12))
    expect(actual).toBeGreaterThan(solution.error * 0.99)
  })

  it('finds nearly the best of the scale and minimum codes around, under given d and dmin', () => {
    const { weights, errorWeights, solution } = started(shape, 5)
    let least = 0
    for (let j = 0; j < 256 / shape.subBlock; j += 1) {
      least += leastAround(weights, errorWeights, shape, solution, j)
    }
    const actual = errorOf(weights, errorWeights, shape, solution)
    expect(least).toBeLessThanOrEqual(actual * (1 + 1e-12))
    expect(actual).toBeLessThan(least * 1.04)
  })

  it('fits d and dmin as no f16 pair nearby does better', () => {
    const { block, solution, fixedError } = withFixedCodes(shape, 7)
    const [d, dmin] = fitPair(block, solution)
    const least = fixedError(d, dmin)
    for (const otherD of halvesAround(d, 8)) {
      for (const otherDmin of halvesAround(dmin, 2)) {
        expect(fixedError(otherD, otherDmin)).toBeGreaterThanOrEqual(least * (1 - 1e-12))
      }
    }
  })

  it('fits d and dmin near where the normal equations have them', () => {
    const { block, solution, fixedError, terms } = withFixedCodes(shape, 8)
    const [d, dmin] = fitPair(block, solution)
    const [idealD, idealDmin] = solveNormalEquations(terms)
    expect(d / idealD).toBeCloseTo(1, 2)
    expect(dmin / idealDmin).toBeCloseTo(1, 2)
    const ideal = fixedError(idealD, idealDmin)
    expect(ideal).toBeLessThanOrEqual(fixedError(d, dmin))
    expect(fixedError(d, dmin)).toBeLessThan(ideal * 1.01)
  })

  it('loses nothing by counting codes from the other end', () => {
    const { block, fits } = started(shape, 11)
    const mirrored = createChoices()
    mirrorFits(block, fits, mirrored)
    for (let j = 0; j < block.count; j += 1) {
      const error = block.errorOfChoice(mirrored, j, mirrored.scales[j]!, mirrored.minima[j]!)
      expect(error / fits.errors[j]!).toBeCloseTo(1, 9)
    }
  })

  it.each([8, 64, 1024])('grows with the weights, %d times', (factor) => {
    const weights = randomRow('gauss', 512, 17)
    const importance = randomImportance('lognormal', 512, 18)
    const decoded = decodedBy(format, weights, importance)
    const scaled = weights.map((weight) => weight * factor)
    expect(decodedBy(format, scaled, importance)).toEqual(decoded.map((value) => value * factor))
  })

  it('gives the same values when all importance is divided by a power of two', () => {
    const weights = randomRow('gauss', 512, 17)
    const importance = randomImportance('lognormal', 512, 18)
    const scaled = importance.map((value) => value * 2 ** -7)
    expect(decodedBy(format, weights, scaled)).toEqual(decodedBy(format, weights, importance))
  })

  it('does not care for the order within sub-blocks', () => {
    const weights = randomRow('gauss', 256, 19)
    const importance = randomImportance('lognormal', 256, 20)
    const turned = (values: Float32Array) =>
      values.map((_, i) => values[i - (i % shape.subBlock) + (((i % shape.subBlock) + 5) % shape.subBlock)]!)
    const there = totalError(format, 'optimal', weights, importance)
    const back = totalError(format, 'optimal', turned(weights), turned(importance))
    expect(back / there).toBeCloseTo(1, 9)
  })

  it('lifts weights that are all far above 0 by a negative dmin', () => {
    const weights = randomRow('gauss', 256, 23).map((weight) => 1 + weight)
    const bytes = encode(format, 'optimal', weights, null)
    expect(dminOf(format, bytes)).toBeLessThan(0)
    const reference = totalError(format, 'reference', weights, null)
    expect(totalError(format, 'optimal', weights, null)).toBeLessThan(reference / 4)
  })

  it.each([0.37, -0.37, 3e-5, 65504, -1e-7])('stores %d in all places nearly exactly', (value) => {
    const weights = new Float32Array(256).fill(value)
    const worst = Math.max(
      ...decodedBy(format, weights, null).map((decoded) => Math.abs(decoded / value - 1)),
    )
    expect(worst).toBeLessThan(value === -1e-7 ? 0.2 : 0.002)
  })

  it('gives up no precision elsewhere for sub-blocks that do not count', () => {
    const importance = new Float32Array(256).fill(1).fill(0, 64, 128)
    const weights = randomRow('gauss', 256, 29)
    const huge = weights.map((weight, i) => (importance[i] === 0 ? 1e4 * weight : weight))
    const quiet = weights.map((weight, i) => (importance[i] === 0 ? 0 : weight))
    const found = totalError(format, 'optimal', huge, importance)
    expect(found).toBeLessThan(totalError(format, 'optimal', quiet, importance) * 1.05)
  })

  it('keeps finite values for what no f16 scale reaches', () => {
    for (const size of [1e-12, 1e-41, 1e9, 3e37]) {
      const weights = randomRow('gauss', 256, 31).map((weight) => size * 10 * weight)
      expect(decodedBy(format, weights, null).every((value) => Number.isFinite(value))).toBe(true)
      const reference = totalError(format, 'reference', weights, null)
      expect(totalError(format, 'optimal', weights, null) <= reference || Number.isNaN(reference)).toBe(true)
    }
  })

  it('has the least error in what ggml minimises by the method of that name', () => {
    const weights = randomRow('heavy', 1024, 37)
    for (const importance of [null, randomImportance('lognormal', 1024, 38)]) {
      const errorBy = (method: Method): number =>
        blockErrors(
          format,
          weights,
          (i) => ggmlWeight(format, weights, importance, i),
          encode(format, method, weights, importance),
        ).reduce((sum, one) => sum + one, 0)
      expect(errorBy('optimal-ggml')).toBeLessThan(errorBy('optimal'))
      expect(errorBy('optimal-ggml')).toBeLessThan(errorBy('reference'))
    }
  })
})

/** Least error of a sub-block over scale and minimum codes at most 3 away from those of a solution. */
function leastAround(
  weights: Float32Array,
  errorWeights: Float64Array,
  { subBlock, maximumCode, maximumScale }: AffineShape,
  { d, dmin, choices }: AffineSolution,
  j: number,
): number {
  const around = (code: number) =>
    [-3, -2, -1, 0, 1, 2, 3].map((step) => code + step).filter((one) => one >= 0 && one <= maximumScale)
  let least = Infinity
  for (const scale of around(choices.scales[j]!)) {
    for (const minimum of around(choices.minima[j]!)) {
      let sum = 0
      for (let i = j * subBlock; i < (j + 1) * subBlock; i += 1) {
        sum += errorWeights[i]! * nearestError(weights[i]! + dmin * minimum, d * scale, maximumCode)
      }
      least = Math.min(least, sum)
    }
  }
  return least
}

/** A weight and what d and dmin are multiplied with in its place. */
interface Term {
  readonly weight: number
  readonly errorWeight: number
  readonly ofD: number
  readonly ofDmin: number
}

/** A solution whose codes are those nearest under it. */
function withFixedCodes(shape: AffineShape, seed: number) {
  const { weights, errorWeights, block, solution } = started(shape, seed)
  const { d, dmin, choices } = solution
  const codes = new Uint8Array(256)
  for (let j = 0; j < block.count; j += 1) {
    const [scale, minimum] = [choices.scales[j]!, choices.minima[j]!]
    block.round(j, 1 / (d * scale), dmin * minimum)
    block.keep(choices, j, scale, minimum, 0)
    block.encode(j, 1 / (d * scale), dmin * minimum, codes)
  }
  const terms: Term[] = Array.from(weights, (weight, i) => {
    const j = Math.floor(i / shape.subBlock)
    return {
      weight,
      errorWeight: errorWeights[i]!,
      ofD: choices.scales[j]! * codes[i]!,
      ofDmin: -choices.minima[j]!,
    }
  })
  const fixedError = (ofD: number, ofDmin: number): number =>
    terms.reduce(
      (sum, term) => sum + term.errorWeight * (term.weight - ofD * term.ofD - ofDmin * term.ofDmin) ** 2,
      0,
    )
  return { block, solution, terms, fixedError }
}

/** Real d and dmin of least weighted squares, by elimination. */
function solveNormalEquations(terms: readonly Term[]): [number, number] {
  const sum = (of: (term: Term) => number) =>
    terms.reduce((total, term) => total + term.errorWeight * of(term), 0)
  const dd = sum(({ ofD }) => ofD * ofD)
  const dm = sum(({ ofD, ofDmin }) => ofD * ofDmin)
  const mm = sum(({ ofDmin }) => ofDmin * ofDmin)
  const dx = sum(({ ofD, weight }) => ofD * weight)
  const mx = sum(({ ofDmin, weight }) => ofDmin * weight)
  const ratio = dm / dd
  const dmin = (mx - ratio * dx) / (mm - ratio * dm)
  return [(dx - dm * dmin) / dd, dmin]
}

function halvesAround(value: number, reach: number): number[] {
  const bits = floatToHalf(value)
  return Array.from({ length: 2 * reach + 1 }, (_, step) => halfToFloat(bits + step - reach))
}

function ggmlWeight(
  format: Format,
  weights: Float32Array,
  importance: Float32Array | null,
  i: number,
): number {
  const meanSquare = (size: number): number => {
    const part = weights.subarray(i - (i % size), i - (i % size) + size)
    return part.reduce((sum, weight) => sum + weight * weight, 0) / size
  }
  const weight = weights[i]!
  const ofTwoBits = format === Q2_K
  if (importance) return importance[i]! * Math.sqrt((ofTwoBits ? 1 : 2) * meanSquare(256) + weight * weight)
  return ofTwoBits ? Math.abs(weight) : Math.sqrt(meanSquare(32)) + Math.abs(weight)
}
