import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnBandStarts, rowBands } from '../../../main/engine/metrics/row-bands.ts'

describe('row bands', () => {
  it('cover every row once, in order, with at most 64 bands', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8192 }), fc.integer({ min: 1, max: 200_000 }), (length, rows) => {
        const bands = rowBands([length, rows])
        expect(bands.length).toBeGreaterThan(0)
        expect(bands.length).toBeLessThanOrEqual(64)
        let next = 0
        for (const band of bands) {
          expect(band.firstRow).toBe(next)
          expect(band.rows).toBeGreaterThan(0)
          next += band.rows
        }
        expect(next).toBe(rows)
      }),
    )
  })

  it('are 64 for a matrix of a usual model and fewer for a small one', () => {
    expect(rowBands([4096, 4096])).toHaveLength(64)
    expect(rowBands([256, 96])).toHaveLength(3)
    expect(rowBands([4096])).toEqual([{ firstRow: 0, rows: 1 }])
  })

  it('count the rows of all expert slices', () => {
    expect(rowBands([2048, 768, 128]).at(-1)).toEqual({ firstRow: 98304 - 1536, rows: 1536 })
  })

  it('are none for an empty tensor', () => {
    expect(rowBands([32, 0])).toEqual([])
  })
})

describe('column bands', () => {
  it('cover every column once, in at most 64 bands', () => {
    for (const length of [1, 63, 64, 65, 896, 4096]) {
      const starts = columnBandStarts(length)
      expect(starts).toHaveLength(Math.min(64, length) + 1)
      expect([starts[0], starts.at(-1)]).toEqual([0, length])
      for (let i = 1; i < starts.length; i += 1) expect(starts[i]).toBeGreaterThan(starts[i - 1]!)
    }
  })
})
