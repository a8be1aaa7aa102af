import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  fitSensitivity,
  type SensitivityPoint,
} from '../../../../main/engine/allocation/damage/fit-sensitivity.ts'

const positive = (min: number, max: number) => fc.double({ min, max, noNaN: true })
/** Formats disagree about the slope, and the text about each of them, but not without bounds. */
const point = fc
  .record({ squaredError: positive(1e-6, 0.5), slope: positive(0.01, 10), doubt: positive(1e-3, 0.5) })
  .map(({ squaredError, slope, doubt }) => {
    const kld = slope * squaredError
    return { squaredError, kld, standardError: doubt * kld }
  })
const points = fc.array(point, { minLength: 1, maxLength: 6 })

const slope = ({ squaredError, kld }: SensitivityPoint): number => kld / squaredError

describe('fitSensitivity', () => {
  it('finds the slope of points on a line through the origin', () => {
    fc.assert(
      fc.property(positive(1e-4, 100), points, (alpha, drawn) => {
        const line = drawn.map((each) => ({ ...each, kld: alpha * each.squaredError }))
        expect(fitSensitivity(line).alpha / alpha).toBeCloseTo(1, 9)
      }),
    )
  })

  it('stays between the slopes of the single points', () => {
    fc.assert(
      fc.property(points, (drawn) => {
        const slopes = drawn.map(slope)
        const { alpha, standardError } = fitSensitivity(drawn)
        expect(alpha).toBeGreaterThanOrEqual(Math.min(...slopes) * (1 - 1e-9))
        expect(alpha).toBeLessThanOrEqual(Math.max(...slopes) * (1 + 1e-9))
        expect(standardError).toBeGreaterThan(0)
      }),
    )
  })

  it('does not depend on the order of the points', () => {
    fc.assert(
      fc.property(points, (drawn) => {
        const [once, turned] = [fitSensitivity(drawn), fitSensitivity(drawn.toReversed())]
        expect(turned.alpha / once.alpha).toBeCloseTo(1, 6)
      }),
    )
  })

  it('scales with the divergences', () => {
    fc.assert(
      fc.property(points, positive(0.01, 100), (drawn, factor) => {
        const scaled = drawn.map((each) => ({
          ...each,
          kld: each.kld * factor,
          standardError: each.standardError * factor,
        }))
        const [once, more] = [fitSensitivity(drawn), fitSensitivity(scaled)]
        expect(more.alpha / once.alpha / factor).toBeCloseTo(1, 6)
        expect(more.standardError / once.standardError / factor).toBeCloseTo(1, 6)
      }),
    )
  })

  it('gives one point its own slope and its own uncertainty', () => {
    const { alpha, standardError } = fitSensitivity([
      { squaredError: 0.01, kld: 0.002, standardError: 0.0001 },
    ])
    expect([alpha, standardError].map((value) => value.toPrecision(6))).toEqual(['0.200000', '0.0100000'])
  })

  it('trusts the surer of two points that agree within their uncertainty', () => {
    const sure = { squaredError: 0.1, kld: 0.1, standardError: 0.001 }
    const unsure = { squaredError: 0.1, kld: 0.11, standardError: 0.01 }
    const { alpha, standardError } = fitSensitivity([sure, unsure])
    expect(alpha).toBeCloseTo(1.001, 3)
    expect(standardError).toBeLessThan(0.0101)
  })

  it('is as unsure as its points disagree, however exactly each was measured', () => {
    const exact = { squaredError: 0.1, standardError: 1e-9 }
    const { alpha, standardError } = fitSensitivity([
      { ...exact, kld: 0.1 },
      { ...exact, kld: 0.2 },
    ])
    expect(alpha).toBeCloseTo(1.5, 2)
    expect(standardError).toBeGreaterThan(0.4)
  })

  it('weighs formats that disagree alike, whatever the size of their errors', () => {
    const small = { squaredError: 0.001, kld: 0.001, standardError: 1e-7 }
    const large = { squaredError: 0.1, kld: 0.15, standardError: 1e-5 }
    expect(fitSensitivity([small, large]).alpha).toBeCloseTo(1.25, 2)
  })

  it('is zero where nothing changed', () => {
    expect(fitSensitivity([{ squaredError: 0, kld: 0, standardError: 0 }])).toEqual({
      alpha: 0,
      standardError: 0,
    })
    expect(fitSensitivity([])).toEqual({ alpha: 0, standardError: 0 })
    const silent = fitSensitivity([{ squaredError: 0.01, kld: 0, standardError: 0 }])
    expect(silent.alpha).toBe(0)
  })

  it('is never negative, although noise can make a divergence so', () => {
    expect(fitSensitivity([{ squaredError: 0.01, kld: -1e-9, standardError: 1e-8 }]).alpha).toBe(0)
  })
})
