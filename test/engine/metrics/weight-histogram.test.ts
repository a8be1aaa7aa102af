import { describe, expect, it } from 'vitest'
import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import { typescriptKernels } from '../../../main/engine/kernels/kernels.ts'
import { computeHistogram } from '../../../main/engine/metrics/weight-histogram.ts'
import { RowReader } from '../../../main/engine/tensor/row-reader.ts'
import { randomRow } from '../../support/random-rows.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { floatTensorFile } from '../../support/tensor-file.ts'

const folder = new TemporaryFolder()

function histogram(shape: readonly number[], weights: Float32Array, bins: number, sample = 1) {
  const source = floatTensorFile(folder, shape, weights)
  let done = 0
  const result = FileBytes.with(source.file.path, (file) =>
    computeHistogram(new RowReader(file, source, typescriptKernels), bins, sample, (step) => (done += step)),
  )
  return { ...result, done }
}

describe('the histogram', () => {
  it('counts, bins and describes the finite weights', () => {
    const result = histogram([4, 2], Float32Array.of(-1, 0, 0, 3, NaN, 1, -0, Infinity), 4)
    expect(result).toEqual({
      minimum: -1,
      maximum: 3,
      mean: 0.5,
      standardDeviation: Math.sqrt((2.25 + 3 * 0.25 + 6.25 + 0.25) / 6),
      zeros: 3,
      nonFinite: 2,
      count: 6,
      sampledRows: 2,
      rows: 2,
      counts: [1, 3, 1, 1],
      done: 8,
    })
  })

  it('puts a constant tensor into one bin', () => {
    expect(histogram([8], new Float32Array(8).fill(2.5), 3)).toMatchObject({
      minimum: 2.5,
      maximum: 2.5,
      standardDeviation: 0,
      counts: [8, 0, 0],
    })
  })

  it('is empty where no weight is finite', () => {
    const result = histogram([2], Float32Array.of(NaN, NaN), 2)
    expect(result).toMatchObject({ minimum: 0, maximum: 0, mean: 0, count: 0, nonFinite: 2, counts: [0, 0] })
  })

  it('of a sample describes the sampled rows only', () => {
    const result = histogram([64, 4000], randomRow('gauss', 64 * 4000, 4), 50, 0.1)
    expect(result).toMatchObject({ sampledRows: 400, rows: 4000, count: 25600 })
    expect(result.standardDeviation).toBeCloseTo(0.02, 3)
    expect(result.counts.reduce((sum, count) => sum + count, 0)).toBe(25600)
  })
})
