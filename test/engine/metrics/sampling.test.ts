import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rowBands } from '../../../main/engine/metrics/row-bands.ts'
import { sampledRowCount, sampledRuns } from '../../../main/engine/metrics/sampling.ts'

function sampledRows(rows: number, length: number, fraction: number): number[] {
  return rowBands([length, rows])
    .flatMap((band) => sampledRuns(band, rows, fraction))
    .flatMap((run) => Array.from({ length: run.rows }, (_, i) => run.firstRow + i))
}

describe('the sampled rows', () => {
  it('are as many as promised over all bands, ascending, each once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (rows, fraction) => {
          const picked = sampledRows(rows, 512, fraction)
          expect(picked).toHaveLength(sampledRowCount(rows, fraction))
          for (let i = 1; i < picked.length; i += 1) expect(picked[i]!).toBeGreaterThan(picked[i - 1]!)
          expect(picked.at(-1)!).toBeLessThan(rows)
        },
      ),
    )
  })

  it('lie one in each stratum', () => {
    const picked = sampledRows(1000, 4096, 0.1)
    expect(picked.map((row) => Math.floor(row / 10))).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })

  it('do not share a period', () => {
    const places = new Set(sampledRows(4096, 4096, 1 / 64).map((row) => row % 64))
    expect(places.size).toBeGreaterThan(30)
  })

  it('are the same whatever the bands', () => {
    const whole = sampledRuns({ firstRow: 0, rows: 5000 }, 5000, 0.05).map((run) => run.firstRow)
    expect(sampledRows(5000, 512, 0.05)).toEqual(whole)
  })

  it('are all rows of a small tensor or a full sample', () => {
    expect(sampledRows(8, 4096, 0.01)).toHaveLength(8)
    expect(sampledRuns({ firstRow: 3, rows: 4 }, 100, 1)).toEqual([{ firstRow: 3, rows: 4 }])
  })
})
