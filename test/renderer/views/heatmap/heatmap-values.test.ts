import { describe, expect, it } from 'vitest'
import { measureInfo } from '../../../../renderer/charts/measures.ts'
import { heatmapCells, ranksOf } from '../../../../renderer/views/heatmap/heatmap-values.ts'
import { pooledMeasure } from '../../../../renderer/views/heatmap/pooled-measure.ts'
import { measurementOf, tensorOf } from '../../../support/window-data.ts'

const tensors = [tensorOf('blk.0.attn_q.weight'), tensorOf('blk.0.attn_k.weight'), tensorOf('output.weight')]
const [q, k] = ['blk.0.attn_q.weight', 'blk.0.attn_k.weight'] as const

function tableOf(errors: Readonly<Record<string, number>>, standardError: number | null = null) {
  return new Map(
    Object.entries(errors).map(([name, relativeError]) => [
      name,
      measurementOf(name, { relativeError, standardError }),
    ]),
  )
}

describe('the cells of the heatmap', () => {
  it('are empty where nothing is measured', () => {
    const cells = heatmapCells(tensors, { table: tableOf({ [q]: 0.1 }), minus: null }, 'relativeError')
    expect(cells.map((cell) => cell.value)).toEqual([0.1, null, null])
  })

  it('say when a value is an estimate', () => {
    const cells = heatmapCells(tensors, { table: tableOf({ [q]: 0.1 }, 0.01), minus: null }, 'relativeError')
    expect(cells.map((cell) => cell.sampled)).toEqual([true, false, false])
  })

  it('need both sides of a difference', () => {
    const sides = { table: tableOf({ [q]: 0.5, [k]: 0.5 }), minus: tableOf({ [q]: 0.125 }) }
    expect(heatmapCells(tensors, sides, 'relativeError').map((cell) => cell.value)).toEqual([
      0.375,
      null,
      null,
    ])
  })
})

describe('ranks', () => {
  const cells = (one: number, other: number) =>
    heatmapCells(tensors, { table: tableOf({ [q]: one, [k]: other }), minus: null }, 'relativeError')

  it('give the worst tensor the first place', () => {
    expect([...ranksOf(cells(0.1, 0.2), measureInfo('relativeError'), false)]).toEqual([
      [k, 1],
      [q, 2],
    ])
  })

  it('turn round where a small number is the bad one', () => {
    expect(ranksOf(cells(0.1, 0.2), measureInfo('cosine'), false).get(q)).toBe(1)
  })

  it('order differences by size', () => {
    expect(ranksOf(cells(-0.4, 0.2), measureInfo('relativeError'), true).get(q)).toBe(1)
  })
})

describe('a measure over several tensors', () => {
  const big = tensorOf('big', { shape: [100, 10] })
  const small = tensorOf('small', { shape: [100, 1] })
  const table = new Map([
    [
      'big',
      measurementOf('big', { mse: 0.01, rmse: 0.1, relativeError: 0.1, cosine: 0.9, maxAbsError: 0.2 }),
    ],
    [
      'small',
      measurementOf('small', { mse: 0.12, rmse: 0.3, relativeError: 0.2, cosine: 0.8, maxAbsError: 0.7 }),
    ],
  ])

  it('pools squared errors as if the tensors were one', () => {
    // sum e^2 = 10 + 12, sum w^2 = 10 / 0.01 + 12 / 0.04.
    expect(pooledMeasure([big, small], table, 'mse')).toBeCloseTo(22 / 1100)
    expect(pooledMeasure([big, small], table, 'rmse')).toBeCloseTo(Math.sqrt(22 / 1100))
    expect(pooledMeasure([big, small], table, 'relativeError')).toBeCloseTo(Math.sqrt(22 / 1300))
    expect(pooledMeasure([big, small], table, 'sqnr')).toBeCloseTo(-10 * Math.log10(22 / 1300))
  })

  it('takes the largest of largest errors', () => {
    expect(pooledMeasure([big, small], table, 'maxAbsError')).toBe(0.7)
  })

  it('averages by weights what cannot be pooled', () => {
    expect(pooledMeasure([big, small], table, 'cosine')).toBeCloseTo((0.9 * 1000 + 0.8 * 100) / 1100)
  })

  it('is nothing when no tensor is measured', () => {
    expect(pooledMeasure([tensorOf('other')], table, 'mse')).toBeNull()
    expect(pooledMeasure([big], table, 'outputRelativeError')).toBeNull()
  })
})
