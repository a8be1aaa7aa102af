import { describe, expect, it } from 'vitest'
import type { Format, Method } from '../../../../main/engine/quantizers/format.ts'
import * as grids from '../../../../main/engine/quantizers/grids.ts'
import { readHalfWord, writeHalfWord } from '../../../../main/engine/quantizers/half-words.ts'
import {
  GridBlock,
  type GridChoice,
  type GridLayout,
} from '../../../../main/engine/quantizers/optimal/grid-block.ts'
import { FORMATS } from '../../../../main/engine/quantizers/registry.ts'
import { halfToFloat } from '../../../../main/engine/tensor/half.ts'
import { randomImportance, randomRow, seededRandom } from '../../../support/random-rows.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

const BLOCK = 256
const IQ2_LEVELS = [8, 25, 43]

/** What the decoders say of the formats, told a second time. */
const LAYOUTS: Record<string, GridLayout> = {
  IQ2_XXS: layout(grids.IQ2_XXS_GRID, IQ2_LEVELS, 1 / 8, 32, true),
  IQ2_XS: layout(grids.IQ2_XS_GRID, IQ2_LEVELS, 1 / 8, 16, true),
  IQ2_S: layout(grids.IQ2_S_GRID, IQ2_LEVELS, 1 / 8, 16, false),
  IQ3_XXS: layout(grids.IQ3_XXS_GRID, [4, 12, 20, 28, 36, 44, 52, 62], 1 / 4, 32, true),
  IQ3_S: layout(grids.IQ3_S_GRID, [1, 3, 5, 7, 9, 11, 13, 15], 1, 32, false),
}
const NAMES = Object.keys(LAYOUTS)

function layout(
  grid: grids.Grid,
  levels: readonly number[],
  unit: number,
  subBlock: 16 | 32,
  evenSigns: boolean,
): GridLayout {
  return { grid, levels, unit, subBlock, evenSigns }
}

function formatOf(name: string): Format {
  return FORMATS.find((format) => format.name === name)!
}

function signsOf(bits: number): number {
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => (bits >> i) & 1).length
}

/** Least errors of a group over all points, by the sign bits of its weights: each of 2^dimensions. */
function leastBySigns(
  { grid, levels }: GridLayout,
  weights: Float32Array,
  errorWeights: Float64Array,
  at: number,
  scale: number,
): number[] {
  return Array.from({ length: 1 << grid.dimensions }, (_, signs) => {
    let least = Infinity
    for (let point = 0; point < grid.size; point += 1) {
      let error = 0
      for (let i = 0; i < grid.dimensions; i += 1) {
        const level = scale * levels[grid.codes[grid.dimensions * point + i]!]!
        const difference = weights[at + i]! - ((signs >> i) & 1 ? -level : level)
        error += errorWeights[at + i]! * difference * difference
      }
      least = Math.min(least, error)
    }
    return least
  })
}

/** The least error of eight weights over all points and all signs that the format can store. */
function bruteForce(
  told: GridLayout,
  weights: Float32Array,
  errorWeights: Float64Array,
  at: number,
  scale: number,
): number {
  const isAllowed = (signs: number) => !told.evenSigns || signsOf(signs) % 2 === 0
  const first = leastBySigns(told, weights, errorWeights, at, scale)
  if (told.grid.dimensions === 8) return Math.min(...first.filter((_, signs) => isAllowed(signs)))
  const second = leastBySigns(told, weights, errorWeights, at + 4, scale)
  const sums = first.flatMap((a, low) =>
    second.filter((_, high) => isAllowed(low | (high << 4))).map((b) => a + b),
  )
  return Math.min(...sums)
}

/** The error of eight weights as they are chosen; the signs must be allowed. */
function errorOfChoice(
  told: GridLayout,
  weights: Float32Array,
  errorWeights: Float64Array,
  eight: number,
  scale: number,
  { points, signs }: GridChoice,
): number {
  const { grid, levels, evenSigns } = told
  if (evenSigns) expect(signsOf(signs[eight]!) % 2).toBe(0)
  let error = 0
  for (let i = 0; i < 8; i += 1) {
    const point = points[Math.floor((8 * eight + i) / grid.dimensions)]!
    const level = scale * levels[grid.codes[grid.dimensions * point + (i % grid.dimensions)]!]!
    const difference = weights[8 * eight + i]! - ((signs[eight]! >> i) & 1 ? -level : level)
    error += errorWeights[8 * eight + i]! * difference * difference
  }
  return error
}

function emptyChoice({ grid, subBlock }: GridLayout): GridChoice {
  return {
    half: 0,
    codes: new Uint8Array(BLOCK / subBlock),
    points: new Uint16Array(BLOCK / grid.dimensions),
    signs: new Uint8Array(BLOCK / 8),
  }
}

/** Weights with odd and even numbers of minus signs. */
const WEIGHTS = randomRow('gauss', BLOCK, 17)

describe.each(NAMES)('the points of %s', (name) => {
  const told = LAYOUTS[name]!

  it.each(['all alike', 'lognormal', 'scattered zeros', 'one column only'])(
    'are the nearest of all points under all allowed signs, with error weights %s',
    (kind) => {
      const errorWeights =
        kind === 'all alike'
          ? new Float64Array(BLOCK).fill(1)
          : Float64Array.from(randomImportance(kind, BLOCK, 3))
      const block = new GridBlock(told)
      block.load(WEIGHTS, errorWeights)
      const choice = emptyChoice(told)
      choice.codes.forEach((_, j) => (choice.codes[j] = (7 * j + 3) % 16))
      const d = 0.02 / (told.unit * 16 * told.levels.at(-1)!)
      block.readPoints(d, choice)
      for (const eight of [0, 1, 2, 9, 31]) {
        const code = choice.codes[Math.floor((8 * eight) / told.subBlock)]!
        const scale = d * told.unit * (1 + 2 * code)
        const least = bruteForce(told, WEIGHTS, errorWeights, 8 * eight, scale)
        const found = errorOfChoice(told, WEIGHTS, errorWeights, eight, scale, choice)
        expect(Math.abs(found - least)).toBeLessThanOrEqual(1e-12 * least + 1e-20)
      }
    },
  )

  it('are the lowest of equals by number where nothing counts', () => {
    const block = new GridBlock(told)
    block.load(WEIGHTS, new Float64Array(BLOCK))
    const choice = emptyChoice(told)
    block.readPoints(0.01, choice)
    expect(choice.points.every((point) => point === 0)).toBe(true)
  })
})

function errorOf(
  name: string,
  method: Method,
  weights: Float32Array,
  importance: Float32Array,
  weigh = (i: number) => importance[i]!,
): number {
  const bytes = encode(formatOf(name), method, weights, importance)
  return blockErrors(formatOf(name), weights, weigh, bytes).reduce((sum, error) => sum + error, 0)
}

/** A block of random points, signs and scale codes under a scale of its own, decoded. */
function storableWeights(format: Format, seed: number): Float32Array {
  const random = seededRandom(seed)
  const bytes = Uint8Array.from({ length: format.blockBytes }, () => Math.floor(256 * random()))
  writeHalfWord(0x1c00 + Math.floor(0x400 * random()), bytes, 0)
  const weights = new Float32Array(BLOCK)
  format.dequantize(bytes, weights)
  return weights
}

describe.each(NAMES)('the search of %s', (name) => {
  const format = formatOf(name)
  const weights = randomRow('gauss', 8 * BLOCK, 5)
  const importance = randomImportance('lognormal', 8 * BLOCK, 9)

  it('finds weights that can be stored exactly, going through all scales', () => {
    const importance = randomImportance('lognormal', BLOCK, 2)
    for (let seed = 1; seed <= 4; seed += 1)
      expect(errorOf(name, 'exhaustive', storableWeights(format, seed), importance)).toBe(0)
  })

  it('comes within half a percent of the best of all scales', () => {
    const least = errorOf(name, 'exhaustive', weights, importance)
    const found = errorOf(name, 'optimal', weights, importance)
    expect(found).toBeGreaterThanOrEqual(least)
    expect(found).toBeLessThan(1.005 * least)
  })

  it('takes at least a tenth off the error of the reference', () => {
    const reference = errorOf(name, 'reference', weights, importance)
    expect(errorOf(name, 'optimal', weights, importance)).toBeLessThan(0.9 * reference)
  })

  it('ends where no other scale is better for the chosen codes and points', () => {
    const bytes = encode(format, 'optimal', weights, importance)
    const best = blockErrors(format, weights, (i) => importance[i]!, bytes)
    for (const step of [-20, -5, -2, -1, 1, 2, 5, 20]) {
      const moved = bytes.slice()
      for (let at = 0; at < moved.length; at += format.blockBytes)
        writeHalfWord(readHalfWord(moved, at) + step, moved, at)
      const errors = blockErrors(format, weights, (i) => importance[i]!, moved)
      errors.forEach((error, block) => expect(error).toBeGreaterThanOrEqual(best[block]!))
    }
  })

  it('follows a change of size and a change of sign', () => {
    const decoded = new Float32Array(weights.length)
    const changed = new Float32Array(weights.length)
    format.dequantize(encode(format, 'exhaustive', weights, importance), decoded)
    const doubled = weights.map((weight) => -2 * weight)
    format.dequantize(encode(format, 'exhaustive', doubled, importance), changed)
    expect(changed).toEqual(decoded.map((value) => -2 * value))
  })

  it('finds no better scale by trying random ones with every code', () => {
    const block = weights.subarray(0, BLOCK)
    const best = errorOf(name, 'exhaustive', block, importance.subarray(0, BLOCK))
    const random = seededRandom(4)
    const centre = readHalfWord(encode(format, 'exhaustive', block, importance.subarray(0, BLOCK)), 0)
    for (let count = 0; count < 5; count += 1) {
      const d = halfToFloat(centre - 600 + Math.floor(1200 * random()))
      expect(errorUnder(LAYOUTS[name]!, block, Float64Array.from(importance), d)).toBeGreaterThan(
        (1 - 1e-9) * best,
      )
    }
  })

  it('is better than the reference by what ggml weighs', () => {
    const blocks = Array.from({ length: 8 }, (_, j) => weights.subarray(BLOCK * j, BLOCK * (j + 1)))
    const multiple = ['IQ2_XXS', 'IQ2_XS'].includes(name) ? 1 : 2
    const variances = blocks.map((block) => (multiple * block.reduce((sum, x) => sum + x * x, 0)) / BLOCK)
    const weigh = (i: number) =>
      importance[i]! * Math.sqrt(variances[Math.floor(i / BLOCK)]! + weights[i]! ** 2)
    const found = errorOf(name, 'optimal-ggml', weights, importance, weigh)
    expect(found).toBeLessThan(0.95 * errorOf(name, 'reference', weights, importance, weigh))
    expect(found).toBeLessThan(errorOf(name, 'optimal', weights, importance, weigh))
  })
})

/** The least error of a block under a scale: every sub-block with the best of all codes, points and signs. */
function errorUnder(told: GridLayout, weights: Float32Array, errorWeights: Float64Array, d: number): number {
  let sum = 0
  for (let start = 0; start < BLOCK; start += told.subBlock) {
    let least = Infinity
    for (let code = 0; code < 16; code += 1) {
      let error = 0
      for (let at = start; at < start + told.subBlock && error < least; at += 8)
        error += leastOfEight(told, weights, errorWeights, at, d * told.unit * (1 + 2 * code))
      least = Math.min(least, error)
    }
    sum += least
  }
  return sum
}

/** As `bruteForce`, with one sign turned round at most: what turns more of them is worse. */
function leastOfEight(
  told: GridLayout,
  weights: Float32Array,
  errorWeights: Float64Array,
  at: number,
  scale: number,
): number {
  const minus = weights.subarray(at, at + 8).filter((weight) => weight < 0).length
  const isOdd = told.evenSigns && minus % 2 === 1
  const groups = Array.from({ length: 8 / told.grid.dimensions }, (_, k) =>
    leastOfGroup(told, weights, errorWeights, at + told.grid.dimensions * k, scale),
  )
  const plain = groups.reduce((sum, { natural }) => sum + natural, 0)
  return isOdd ? Math.min(...groups.map(({ natural, turned }) => plain - natural + turned)) : plain
}

function leastOfGroup(
  { grid, levels }: GridLayout,
  weights: Float32Array,
  errorWeights: Float64Array,
  at: number,
  scale: number,
): { natural: number; turned: number } {
  const best = { natural: Infinity, turned: Infinity }
  for (let point = 0; point < grid.size; point += 1) {
    let error = 0
    let turning = Infinity
    for (let i = 0; i < grid.dimensions; i += 1) {
      const level = scale * levels[grid.codes[grid.dimensions * point + i]!]!
      const magnitude = Math.abs(weights[at + i]!)
      error += errorWeights[at + i]! * (magnitude - level) ** 2
      turning = Math.min(turning, 4 * errorWeights[at + i]! * magnitude * level)
    }
    best.natural = Math.min(best.natural, error)
    best.turned = Math.min(best.turned, error + turning)
  }
  return best
}
