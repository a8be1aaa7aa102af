import { describe, expect, it } from 'vitest'
import { exactAffine } from '../../../../main/engine/quantizers/optimal/affine-arrangement.ts'
import { seededNormal } from '../../../support/random-rows.ts'

/** Least error over all codes that do not fall where the values rise: one of those is optimal. */
function bruteForce(x: readonly number[], w: readonly number[], steps: number): number {
  const order = x.map((_, i) => i).sort((a, b) => x[a]! - x[b]!)
  const codes = new Array<number>(x.length).fill(0)
  let best = Infinity
  const choose = (place: number, lowest: number): void => {
    if (place === order.length) {
      best = Math.min(best, regressionError(x, w, codes))
      return
    }
    for (let code = lowest; code <= steps; code += 1) {
      codes[order[place]!] = code
      choose(place + 1, code)
    }
  }
  choose(0, 0)
  return best
}

function regressionError(x: readonly number[], w: readonly number[], codes: readonly number[]): number {
  const mean = (values: readonly number[]) => sum((i) => w[i]! * values[i]!) / sum((i) => w[i]!)
  const sum = (term: (i: number) => number) => x.reduce((total, _, i) => total + term(i), 0)
  const [middle, code] = [mean(x), mean(codes)]
  const spread = sum((i) => w[i]! * (codes[i]! - code) ** 2)
  const scale = spread > 0 ? sum((i) => w[i]! * (codes[i]! - code) * (x[i]! - middle)) / spread : 0
  return sum((i) => w[i]! * (x[i]! - middle - scale * (codes[i]! - code)) ** 2)
}

function normals(count: number, seed: number): number[] {
  return Array.from({ length: count }, seededNormal(seed))
}

function weightsFor(kind: string, count: number, seed: number): number[] {
  if (kind === 'equal') return new Array<number>(count).fill(1)
  const weights = normals(count, seed).map((value) => Math.exp(1.5 * value))
  return kind === 'some of them 0' ? weights.map((weight, i) => (i % 3 === 1 ? 0 : weight)) : weights
}

describe('the exact affine fit', () => {
  it.each(['equal', 'uneven', 'some of them 0'])('is that of brute force, weights %s', (kind) => {
    for (let seed = 0; seed < 12; seed += 1) {
      const count = 6 + (seed % 3)
      const x = normals(count, seed)
      const w = weightsFor(kind, count, seed + 100)
      const expected = bruteForce(x, w, 3)
      expect(Math.abs(exactAffine(x, w, 3).error - expected)).toBeLessThan(1e-12)
    }
  })

  it('is that of brute force where values are equal', () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const x = normals(8, seed).map((value) => Math.round(3 * value) / 4)
      const w = weightsFor('uneven', 8, seed)
      expect(Math.abs(exactAffine(x, w, 3).error - bruteForce(x, w, 3))).toBeLessThan(1e-12)
    }
  })

  it('gives codes, scale and minimum that have the error it tells', () => {
    const x = normals(32, 5)
    const w = weightsFor('uneven', 32, 6)
    const { scale, minimum, error, codes } = exactAffine(x, w, 15)
    const decoded = Array.from(codes, (code) => scale * code + minimum)
    expect(x.reduce((sum, value, i) => sum + w[i]! * (value - decoded[i]!) ** 2, 0)).toBeCloseTo(error, 12)
    expect(regressionError(x, w, Array.from(codes))).toBeCloseTo(error, 12)
  })

  it('finds no error in values on a lattice', () => {
    const x = [3, 0, 7, 15, 8, 4].map((code) => 0.25 * code - 11)
    expect(exactAffine(x, weightsFor('uneven', 6, 3), 15).error).toBeLessThan(1e-24)
  })

  it('keeps its error when values are shifted or mirrored, and squares it when they are scaled', () => {
    const x = normals(16, 8)
    const w = weightsFor('uneven', 16, 9)
    const { error } = exactAffine(x, w, 3)
    expect(
      exactAffine(
        x.map((value) => value + 7),
        w,
        3,
      ).error,
    ).toBeCloseTo(error, 10)
    expect(
      exactAffine(
        x.map((value) => -value),
        w,
        3,
      ).error,
    ).toBeCloseTo(error, 12)
    expect(
      exactAffine(
        x.map((value) => value * 1024),
        w,
        3,
      ).error /
        2 ** 20,
    ).toBeCloseTo(error, 12)
  })

  it('does not mind the order of the values', () => {
    const x = normals(16, 12)
    const w = weightsFor('uneven', 16, 13)
    const straight = exactAffine(x, w, 7)
    const reversed = exactAffine([...x].reverse(), [...w].reverse(), 7)
    expect([...reversed.codes].reverse()).toEqual([...straight.codes])
    expect(reversed.error).toBeCloseTo(straight.error, 12)
  })

  it('has scale 0 where nothing counts or all that counts is equal', () => {
    expect(exactAffine([1, 2, 3], [0, 0, 0], 3)).toMatchObject({ scale: 0, minimum: 0, error: 0 })
    expect(exactAffine([5, 2, 5], [1, 0, 2], 3)).toMatchObject({ scale: 0, minimum: 5, error: 0 })
  })

  it('takes values and weights whose squares are huge', () => {
    const x = normals(16, 4)
    const { error } = exactAffine(x, weightsFor('equal', 16, 0), 3)
    const huge = exactAffine(
      x.map((value) => value * 2 ** 120),
      new Array<number>(16).fill(2 ** 380),
      3,
    )
    expect(huge.error / 2 ** 620).toBeCloseTo(error, 12)
  })
})

describe('Gaussian values', () => {
  /** Mean squared errors by the extremes and by the exact fit. */
  function meanErrors(count: number, steps: number, blocks: number) {
    const normal = seededNormal(3)
    const ones = new Array<number>(count).fill(1)
    let [byExtremes, exact] = [0, 0]
    for (let block = 0; block < blocks; block += 1) {
      const x = Array.from({ length: count }, normal)
      const low = Math.min(...x)
      const scale = (Math.max(...x) - low) / steps
      const roundingError = (value: number) => value - low - scale * Math.round((value - low) / scale)
      byExtremes += x.reduce((sum, value) => sum + roundingError(value) ** 2, 0)
      exact += exactAffine(x, ones, steps).error
    }
    const values = count * blocks
    return { byExtremes: byExtremes / values, exact: exact / values }
  }

  // The errors of 4,000 and more blocks; those in theory.md are of 24.
  it('lose 24 % of the error of Q4_1 by extremes', () => {
    const { byExtremes, exact } = meanErrors(32, 15, 800)
    expect(Math.abs(byExtremes / 0.00611 - 1)).toBeLessThan(0.02)
    expect(Math.abs(exact / 0.004645 - 1)).toBeLessThan(0.02)
  })

  it('lose 39 % of the error of 2-bit codes by extremes', () => {
    const { byExtremes, exact } = meanErrors(16, 3, 4000)
    expect(Math.abs(byExtremes / 0.1064 - 1)).toBeLessThan(0.02)
    expect(Math.abs(exact / 0.0648 - 1)).toBeLessThan(0.02)
  })
})
