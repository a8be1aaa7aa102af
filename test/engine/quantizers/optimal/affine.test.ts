import { describe, expect, it } from 'vitest'
import { exactAffine } from '../../../../main/engine/quantizers/optimal/affine-arrangement.ts'
import type { Format, Method } from '../../../../main/engine/quantizers/format.ts'
import { Q4_1 } from '../../../../main/engine/quantizers/q4-legacy.ts'
import { Q5_1 } from '../../../../main/engine/quantizers/q5-legacy.ts'
import { halfToFloat } from '../../../../main/engine/tensor/half.ts'
import { seededNormal, seededRandom } from '../../../support/random-rows.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

const BLOCK = 32
const STEPS = { Q4_1: 15, Q5_1: 31 }

function rowOf(kind: string, blocks: number): Float32Array {
  const normal = seededNormal(17)
  const random = seededRandom(5)
  const value = () => {
    if (kind === 'Gaussian') return normal()
    if (kind === 'Laplace') return Math.log(1 - random()) * (random() < 0.5 ? -1 : 1)
    const squares = Array.from({ length: 5 }, () => normal() ** 2)
    return normal() / Math.sqrt(squares.reduce((sum, square) => sum + square) / 5)
  }
  return Float32Array.from({ length: BLOCK * blocks }, () => 0.02 * value())
}

function importanceOf(blocks: number): Float32Array {
  const normal = seededNormal(23)
  return Float32Array.from({ length: BLOCK * blocks }, () => Math.exp(1.2 * normal()))
}

function errorsOf(format: Format, method: Method, row: Float32Array, importance: Float32Array | null) {
  return blockErrors(format, row, (i) => importance?.[i] ?? 1, encode(format, method, row, importance))
}

/** The least errors that real-valued scales and minima could have. */
function boundsOf(format: Format, row: Float32Array, importance: Float32Array | null): number[] {
  const ones = new Float32Array(BLOCK).fill(1)
  return Array.from({ length: row.length / BLOCK }, (_, block) => {
    const [from, to] = [block * BLOCK, (block + 1) * BLOCK]
    const weights = importance?.subarray(from, to) ?? ones
    return exactAffine(row.subarray(from, to), weights, STEPS[format.name as keyof typeof STEPS]).error
  })
}

const total = (errors: Iterable<number>) => [...errors].reduce((sum, error) => sum + error, 0)

describe.each([Q4_1, Q5_1].map((format) => [format.name, format] as const))('%s', (_name, format) => {
  it('is on average within 0.5 % of the least error', () => {
    const gaps = ['Gaussian', 'Laplace', 'Student-t'].flatMap((kind) => {
      const row = rowOf(kind, 40)
      return [null, importanceOf(40)].map((importance) => {
        const bound = total(boundsOf(format, row, importance))
        return total(errorsOf(format, 'optimal', row, importance)) / bound - 1
      })
    })
    expect(total(gaps) / gaps.length).toBeLessThan(0.005)
    expect(Math.min(...gaps)).toBeGreaterThan(0)
  })

  it('orders its methods on every block: bound, exhaustive, optimal, reference', () => {
    const row = rowOf('Gaussian', 16)
    for (const importance of [null, importanceOf(16)]) {
      const bounds = boundsOf(format, row, importance)
      const exhaustive = errorsOf(format, 'exhaustive', row, importance)
      const optimal = errorsOf(format, 'optimal', row, importance)
      const reference = errorsOf(format, 'reference', row, importance)
      for (const [block, bound] of bounds.entries()) {
        expect(exhaustive[block]! / bound).toBeGreaterThan(1 - 1e-6)
        expect(exhaustive[block]! / bound).toBeLessThan(1.003)
        expect(exhaustive[block]).toBeLessThanOrEqual(optimal[block]!)
        expect(optimal[block]).toBeLessThanOrEqual(reference[block]!)
      }
    }
  })

  it('finds by going through everything what brute force over f16 pairs finds', () => {
    // Small whole multiples of 2^-24: only subnormal scales and minima can be best.
    const normal = seededNormal(41)
    const row = Float32Array.from({ length: BLOCK }, () => Math.fround(60 * 2 ** -24 * normal()))
    const steps = STEPS[format.name as keyof typeof STEPS]
    let least = Infinity
    for (let d = -20; d <= 20; d += 1) {
      for (let m = -400; m <= 400; m += 1) least = Math.min(least, nearestError(row, d, m, steps))
    }
    expect(total(errorsOf(format, 'exhaustive', row, null)) / least).toBeCloseTo(1, 9)
  })

  it('scales with the weights by powers of two', () => {
    const row = rowOf('Gaussian', 8)
    const errors = errorsOf(format, 'optimal', row, null)
    const larger = errorsOf(
      format,
      'optimal',
      row.map((weight) => 4 * weight),
      null,
    )
    expect([...larger].map((error) => error / 16)).toEqual([...errors])
  })

  it('represents blocks of one value by two f16', () => {
    const row = new Float32Array(BLOCK).fill(0.37)
    expect(total(errorsOf(format, 'optimal', row, null)) / BLOCK).toBeLessThan((0.37 * 2 ** -21) ** 2)
  })

  it('keeps scale and minimum finite where weights are beyond f16', () => {
    const row = rowOf('Gaussian', 2).map((weight) => weight * 1e9)
    const bytes = encode(format, 'optimal', row, null)
    for (const at of [0, 2])
      expect(Number.isFinite(halfToFloat(bytes[at]! | (bytes[at + 1]! << 8)))).toBe(true)
  })
})

/** The error of the nearest codes to a scale and minimum in units of 2^-24. */
function nearestError(row: Float32Array, d: number, m: number, steps: number): number {
  return row.reduce((sum, weight) => {
    const height = weight * 2 ** 24 - m
    const code = d === 0 ? 0 : Math.min(steps, Math.max(0, Math.round(height / d)))
    return sum + ((height - d * code) * 2 ** -24) ** 2
  }, 0)
}
