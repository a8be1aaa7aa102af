import { describe, expect, it } from 'vitest'
import { errorSums, type ErrorSums } from '../../../main/engine/metrics/error-sums.ts'
import { profileOf, summarize } from '../../../main/engine/metrics/summarize.ts'
import { formatByName } from '../../../main/engine/quantizers/registry.ts'

const TENSOR = { name: 'blk.0.attn_q.weight', shape: [64, 4] }
const MEASURED = { requested: 'Q4_K', format: formatByName('Q5_0')!, method: 'reference' } as const

function emptySums(bandRows: number, columnBands: number): ErrorSums {
  const columnWeights = new Array<number>(columnBands).fill(0)
  const counts = { rows: 0, bandRows, weights: 0, nonFinite: 0, outputWeight2: 0, columnWeights }
  return errorSums(new Float64Array(9 + columnBands), counts, 0)
}

function sums(changes: Partial<ErrorSums>): ErrorSums {
  return { ...emptySums(4, 1), rows: 4, weights: 256, ...changes }
}

describe('the figures of a measurement', () => {
  it('follow from the sums of all bands', () => {
    // w = (3, 4) and q = (3, 3): e = (0, -1).
    const bands = [
      sums({ rows: 1, bandRows: 1, weights: 1, weight2: 9, quant2: 9 }),
      sums({
        rows: 1,
        bandRows: 1,
        weights: 1,
        error2: 1,
        weight2: 16,
        quant2: 9,
        maxAbsError: 1,
      }),
    ]
    const measurement = summarize(bands, { name: 'a', shape: [1, 2] }, MEASURED)
    expect(measurement).toMatchObject({
      mse: 0.5,
      relativeError: 0.2,
      maxAbsError: 1,
      sampledRows: 2,
      rows: 2,
    })
    expect(measurement.rmse).toBeCloseTo(Math.SQRT1_2, 15)
    expect(measurement.cosine).toBeCloseTo(21 / (5 * Math.sqrt(18)), 14)
    expect(measurement.angle).toBeCloseTo((Math.acos(21 / (5 * Math.sqrt(18))) * 180) / Math.PI, 11)
    expect(measurement.sqnr).toBeCloseTo(-20 * Math.log10(0.2), 12)
  })

  it('give the size of the format that was measured and the name that was asked for', () => {
    const measurement = summarize([sums({ weight2: 1 })], TENSOR, MEASURED)
    expect(measurement).toMatchObject({ format: 'Q4_K', effectiveFormat: 'Q5_0', bytes: 176, bpw: 5.5 })
  })

  it('weigh by importance and covariance where they are given', () => {
    const bands = [
      sums({ weight2: 1, importanceError2: 1, importanceWeight2: 4, outputError2: 9, outputWeight2: 36 }),
    ]
    const measurement = summarize(bands, TENSOR, MEASURED)
    expect(measurement).toMatchObject({ weightedRelativeError: 0.5, outputRelativeError: 0.5 })
    const without = summarize([sums({ weight2: 1 })], TENSOR, MEASURED)
    expect(without).toMatchObject({ weightedRelativeError: null, outputRelativeError: null })
  })

  it('keep the digits of an angle that is nearly none', () => {
    // q is w turned by 1e-7: 1 - cosine is 5e-15, of which a quotient near 1 keeps one digit.
    const turn = 1e-7
    const chord2 = (2 * Math.sin(turn / 2)) ** 2
    const band = sums({ weight2: 1, quant2: 1, error2: chord2 })
    const { angle } = summarize([band], TENSOR, MEASURED)
    expect(angle! / ((turn * 180) / Math.PI)).toBeCloseTo(1, 10)
  })

  it('are null for a tensor of zeros', () => {
    const measurement = summarize([sums({})], TENSOR, MEASURED)
    const figures = [
      'mse',
      'rmse',
      'relativeError',
      'cosine',
      'angle',
      'maxAbsError',
      'sqnr',
      'standardError',
    ] as const
    for (const figure of figures) expect(measurement[figure], figure).toBeNull()
  })

  it('are null where the format overflowed', () => {
    const overflowed = { error2: Infinity, quant2: Infinity, maxAbsError: Infinity }
    const measurement = summarize([sums({ weight2: 1, ...overflowed })], TENSOR, MEASURED)
    expect(measurement).toMatchObject({
      mse: null,
      relativeError: null,
      cosine: null,
      maxAbsError: null,
      sqnr: null,
    })
    const notANumber = summarize([sums({ weight2: 1, error2: NaN, maxAbsError: NaN })], TENSOR, MEASURED)
    expect(notANumber).toMatchObject({ mse: null, relativeError: null, maxAbsError: null })
  })

  it('have no decibels where nothing was lost', () => {
    const measurement = summarize([sums({ weight2: 2, quant2: 2 })], TENSOR, MEASURED)
    expect(measurement).toMatchObject({ relativeError: 0, cosine: 1, angle: 0, sqnr: null })
  })
})

describe('the standard error', () => {
  it('is null when all rows were measured', () => {
    expect(summarize([sums({ error2: 1, weight2: 2 })], TENSOR, MEASURED).standardError).toBeNull()
  })

  it('follows the ratio estimator', () => {
    // Two of ten rows: (a, b) = (1, 10) and (3, 10). R = 0.2, residuals -1 and 1.
    const band = sums({
      rows: 2, bandRows: 10, weights: 2, error2: 4, weight2: 20,
      rowError4: 10, rowWeight4: 200, rowErrorWeight: 40,
    }) // prettier-ignore
    const variance = ((1 - 0.2) / (2 * 100)) * (2 / 1)
    const expected = Math.sqrt(variance) / (2 * Math.sqrt(0.2))
    expect(summarize([band], TENSOR, MEASURED).standardError).toBeCloseTo(expected, 14)
  })
})

describe('the error profile', () => {
  it('has a row per band and NaN where no row was sampled', () => {
    const first = { ...emptySums(2, 2), columnError2: [4, 9], columnWeights: [2, 3] }
    const profile = profileOf([first, emptySums(2, 2)])
    expect(profile).toEqual({ rowBands: 2, columnBands: 2, values: [2, 3, NaN, NaN] })
  })
})
