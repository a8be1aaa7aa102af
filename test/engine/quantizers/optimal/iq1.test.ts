import { describe, expect, it } from 'vitest'
import type { Format } from '../../../../main/engine/quantizers/format.ts'
import { IQ1_GRID } from '../../../../main/engine/quantizers/grids.ts'
import { DOWN, GROUP, UP } from '../../../../main/engine/quantizers/iq1-groups.ts'
import { IQ1_M } from '../../../../main/engine/quantizers/iq1-m.ts'
import { IQ1_S } from '../../../../main/engine/quantizers/iq1-s.ts'
import { GROUP_LINES, PointSearch } from '../../../../main/engine/quantizers/optimal/iq1-points.ts'
import { LineEnvelope } from '../../../../main/engine/quantizers/optimal/line-envelope.ts'
import { uniteMultiples } from '../../../../main/engine/quantizers/optimal/scale-multiples.ts'
import { halfToFloat } from '../../../../main/engine/tensor/half.ts'
import { randomImportance, randomRow, seededRandom } from '../../../support/random-rows.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

const BLOCK = 256
const MULTIPLES = [1, 3, 5, 7, 9, 11, 13, 15]
const SHIFTS = [UP, DOWN] as const
const FORMATS = [
  { format: IQ1_S, subBlockGroups: 4, shiftGroups: 4 },
  { format: IQ1_M, subBlockGroups: 2, shiftGroups: 1 },
]

/** Error of one point, weight by weight. */
function errorOf(
  weights: Float32Array,
  errorWeights: Float64Array,
  at: number,
  scale: number,
  levels: Float32Array,
  point: number,
): number {
  let sum = 0
  for (let i = 0; i < GROUP; i += 1) {
    const error = weights[at + i]! - scale * levels[IQ1_GRID.codes[GROUP * point + i]!]!
    sum += errorWeights[at + i]! * error * error
  }
  return sum
}

/** Least error of a group over all points of the grid. */
function leastOfGroup(
  weights: Float32Array,
  errorWeights: Float64Array,
  at: number,
  scale: number,
  levels: Float32Array,
): number {
  let least = Infinity
  for (let point = 0; point < IQ1_GRID.size; point += 1) {
    least = Math.min(least, errorOf(weights, errorWeights, at, scale, levels, point))
  }
  return least
}

/** Goes through every multiple, shift and point of all groups that count. */
class EveryChoice {
  readonly #layout: (typeof FORMATS)[number]
  /** Of each group and shift: sum w l^2 and sum 2 w x l of all points; null where no weight counts. */
  readonly #lines: ({ squares: Float64Array; products: Float64Array } | null)[][]
  readonly #sumOfSquares: number

  constructor(layout: (typeof FORMATS)[number], weights: Float32Array, errorWeights: Float64Array) {
    this.#layout = layout
    this.#sumOfSquares = weights.reduce((total, x, i) => total + errorWeights[i]! * x * x, 0)
    this.#lines = Array.from({ length: BLOCK / GROUP }, (_, group) =>
      SHIFTS.map((levels) => {
        const at = GROUP * group
        if (errorWeights.subarray(at, at + GROUP).every((weight) => weight === 0)) return null
        const [squares, products] = [new Float64Array(IQ1_GRID.size), new Float64Array(IQ1_GRID.size)]
        for (const [k, code] of IQ1_GRID.codes.entries()) {
          const point = Math.floor(k / GROUP)
          const i = at + (k % GROUP)
          squares[point]! += errorWeights[i]! * levels[code]! ** 2
          products[point]! += 2 * errorWeights[i]! * weights[i]! * levels[code]!
        }
        return { squares, products }
      }),
    )
  }

  /** Least error of the block under d. */
  under(d: number): number {
    const { subBlockGroups, shiftGroups } = this.#layout
    let error = this.#sumOfSquares
    for (let first = 0; first < BLOCK / GROUP; first += subBlockGroups) {
      const ofMultiples = MULTIPLES.map((multiple) => {
        let subBlock = 0
        for (let part = first; part < first + subBlockGroups; part += shiftGroups) {
          const ofShifts = [0, 1].map((shift) =>
            sum(
              this.#lines
                .slice(part, part + shiftGroups)
                .map((group) => leastLine(group[shift]!, multiple * d)),
            ),
          )
          subBlock += Math.min(...ofShifts)
        }
        return subBlock
      })
      error += Math.min(...ofMultiples)
    }
    return error
  }
}

function leastLine(lines: { squares: Float64Array; products: Float64Array } | null, scale: number): number {
  if (lines === null) return 0
  let least = Infinity
  for (let point = 0; point < lines.squares.length; point += 1) {
    const error = scale * (scale * lines.squares[point]! - lines.products[point]!)
    if (error < least) least = error
  }
  return least
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

function optimalError(format: Format, weights: Float32Array, importance: Float32Array): number {
  return sum(
    blockErrors(format, weights, (i) => importance[i]!, encode(format, 'optimal', weights, importance)),
  )
}

function scaleOf(format: Format, bytes: Uint8Array): number {
  return format.scaleBits!(bytes, 0)
}

describe('the nearest point of a group', () => {
  const search = new PointSearch()

  it.each(['gauss', 'heavy', 'positive only', 'rounding ties', 'few levels'] as const)(
    'has the least error of all 2048 points, %s',
    (kind) => {
      const weights = randomRow(kind, 64, 21)
      const errorWeights = Float64Array.from(randomImportance('scattered zeros', 64, 22))
      const size = Math.max(...weights.map(Math.abs))
      for (let at = 0; at < weights.length; at += GROUP) {
        for (const levels of SHIFTS) {
          for (const part of [0.05, 0.3, 0.6, 0.9, 1.4]) {
            search.load(weights, errorWeights, at, levels)
            const found = errorOf(weights, errorWeights, at, part * size, levels, search.nearest(part * size))
            const least = leastOfGroup(weights, errorWeights, at, part * size, levels)
            expect(found).toBeLessThanOrEqual(least * (1 + 1e-12))
          }
        }
      }
    },
  )

  it('is the first of the grid where no weight counts', () => {
    search.load(randomRow('gauss', GROUP, 1), new Float64Array(GROUP), 0, UP)
    expect(search.nearest(1)).toBe(0)
  })

  it('lies on one of a few lines under every scale', () => {
    const weights = randomRow('gauss', 256, 5)
    const errorWeights = Float64Array.from(randomImportance('lognormal', 256, 6))
    const lines = new LineEnvelope(GROUP_LINES)
    for (let at = 0; at < weights.length; at += GROUP) {
      search.load(weights, errorWeights, at, DOWN)
      search.envelope(lines)
      for (let scale = 0.0001; scale < 1; scale *= 1.1) {
        search.nearest(scale)
        const lowest = Math.min(
          ...Array.from({ length: lines.count }, (_, i) => lines.slopes[i]! * scale - lines.offsets[i]!),
        )
        expect(Math.abs(lowest - search.lowest)).toBeLessThanOrEqual(1e-12 * Math.abs(search.lowest))
      }
    }
  })

  it('never needs as many lines as there is room for', () => {
    let most = 0
    for (const kind of ['gauss', 'heavy', 'any bits', 'rounding ties', 'few levels'] as const) {
      const weights = randomRow(kind, 2048, 9)
      const errorWeights = Float64Array.from(randomImportance('scattered zeros', 2048, 10))
      const lines = new LineEnvelope(GROUP_LINES)
      for (let at = 0; at < weights.length; at += GROUP) {
        search.load(weights, errorWeights, at, UP)
        search.envelope(lines)
        most = Math.max(most, lines.count)
      }
    }
    expect(most).toBeGreaterThan(6)
    expect(most).toBeLessThan(GROUP_LINES / 2)
  })
})

describe('lines under multiples of d', () => {
  it('are the lowest of all lines under all multiples', () => {
    const random = seededRandom(3)
    const [lines, out, tail] = [new LineEnvelope(64), new LineEnvelope(512), new LineEnvelope(512)]
    for (let round = 0; round < 50; round += 1) {
      lines.clear()
      for (let slope = 30; slope > 0.1; slope *= 0.5 + 0.5 * random()) {
        lines.add(slope, 3 * Math.sqrt(slope) * (0.9 + 0.2 * random()), 0)
      }
      uniteMultiples(lines, MULTIPLES, out, tail)
      for (let d = 0.001; d < 20; d *= 1.03) {
        const all = MULTIPLES.flatMap((multiple) =>
          Array.from(
            { length: lines.count },
            (_, i) => multiple * (multiple * d * lines.slopes[i]! - lines.offsets[i]!),
          ),
        )
        const kept = Array.from({ length: out.count }, (_, i) => d * out.slopes[i]! - out.offsets[i]!)
        expect(Math.min(...kept)).toBeCloseTo(Math.min(...all), 10)
      }
    }
  })
})

describe.each(FORMATS.map((layout) => [layout.format.name, layout] as const))('%s', (_name, layout) => {
  const { format } = layout

  it('has the least error among f16 scales of both signs, all those nearby and many others', () => {
    const weights = randomRow('gauss', BLOCK, 41)
    // Three weighted groups in two sub-blocks, so that everything is soon gone through.
    const importance = new Float32Array(BLOCK)
    importance.set(randomImportance('lognormal', 2 * GROUP, 42))
    importance.set(randomImportance('lognormal', GROUP, 43), 128)
    const every = new EveryChoice(layout, weights, Float64Array.from(importance))
    const chosen = scaleOf(format, encode(format, 'optimal', weights, importance))
    let least = Infinity
    for (let half = 0; half < 0x7c00; half += Math.abs(half - (chosen & 0x7fff)) < 150 ? 1 : 71) {
      least = Math.min(least, every.under(halfToFloat(half)), every.under(-halfToFloat(half)))
    }
    expect(optimalError(format, weights, importance)).toBeLessThanOrEqual(least * (1 + 1e-9))
  })

  it('has the least error of a whole block among many scales', () => {
    const weights = randomRow('heavy', BLOCK, 51)
    const importance = randomImportance('scattered zeros', BLOCK, 52)
    const every = new EveryChoice(layout, weights, Float64Array.from(importance))
    const chosen = scaleOf(format, encode(format, 'optimal', weights, importance))
    const found = optimalError(format, weights, importance)
    expect(found / every.under(halfToFloat(chosen))).toBeCloseTo(1, 9)
    for (const distance of [-1900, -800, -211, -59, -13, -2, -1, 1, 2, 17, 67, 301, 1024, 2048]) {
      for (const sign of [0, 0x8000]) {
        const other = every.under(halfToFloat((chosen + distance) ^ sign))
        expect(found).toBeLessThanOrEqual(other * (1 + 1e-9))
      }
    }
  })

  it('takes a negative scale where that leaves a smaller error', () => {
    const weights = randomRow('gauss', 16 * BLOCK, 71)
    const bytes = encode(format, 'optimal', weights, new Float32Array(weights.length).fill(1))
    const negative = Array.from(
      { length: 16 },
      (_, block) => format.scaleBits!(bytes, block * format.blockBytes) >>> 15,
    )
    expect(sum(negative)).toBeGreaterThan(0)
    expect(sum(negative)).toBeLessThan(16)
  })

  it('takes over a tenth off the weighted error of reference on Gaussian weights', () => {
    const weights = randomRow('gauss', 16 * BLOCK, 61)
    const importance = randomImportance('lognormal', weights.length, 62)
    const bytes = encode(format, 'reference', weights, importance)
    const reference = sum(blockErrors(format, weights, (i) => importance[i]!, bytes))
    expect(optimalError(format, weights, importance)).toBeLessThan(0.9 * reference)
  })

  it('uses the largest finite scale where weights need a larger one', () => {
    const weights = new Float32Array(BLOCK).fill(1e8)
    const bytes = encode(format, 'optimal', weights, new Float32Array(BLOCK).fill(1))
    const decoded = new Float32Array(BLOCK)
    format.dequantize(bytes, decoded)
    expect(new Set(decoded)).toEqual(new Set([65504 * 15 * 1.125]))
  })

  it('gives zeros for weights far below the least scale', () => {
    const bytes = encode(format, 'optimal', randomRow('denormals', BLOCK, 3), new Float32Array(BLOCK).fill(1))
    const decoded = new Float32Array(BLOCK)
    format.dequantize(bytes, decoded)
    expect(decoded.every((value) => value === 0)).toBe(true)
  })

  it('finds levels that can be stored without error', () => {
    const levels = Float32Array.from({ length: BLOCK }, (_, i) => UP[IQ1_GRID.codes[8 * 77 + (i % 8)]!]!)
    const weights = levels.map((level, i) => level * 0.0625 * MULTIPLES[Math.floor(i / 32)]!)
    expect(optimalError(format, weights, new Float32Array(BLOCK).fill(1))).toBe(0)
  })
})
