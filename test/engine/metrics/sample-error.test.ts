import { describe, expect, it } from 'vitest'
import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import { typescriptKernels } from '../../../main/engine/kernels/kernels.ts'
import { measureBand } from '../../../main/engine/metrics/measure-band.ts'
import { rowBands } from '../../../main/engine/metrics/row-bands.ts'
import { summarize } from '../../../main/engine/metrics/summarize.ts'
import { formatByName } from '../../../main/engine/quantizers/registry.ts'
import { RowReader } from '../../../main/engine/tensor/row-reader.ts'
import type { TensorSource } from '../../../main/workers/protocol.ts'
import { randomRow, seededNormal } from '../../support/random-rows.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { floatTensorFile } from '../../support/tensor-file.ts'

const folder = new TemporaryFolder()
const format = formatByName('Q4_0')!
const ROWS = 2000

function measurement(source: TensorSource, sample: number) {
  return FileBytes.with(source.file.path, (file) => {
    const reader = new RowReader(file, source, typescriptKernels)
    const targets = [{ format, method: 'reference' as const }]
    const fixed = { reader, kernels: typescriptKernels, sample, targets, importance: null, covariance: null }
    const sums = rowBands(source.shape).map(
      (band) => measureBand({ ...fixed, band, step: () => undefined })[0]!,
    )
    return summarize(sums, source, { requested: 'Q4_0', format, method: 'reference' })
  })
}

/** Rows of very different sizes and tails, so that the sampled rows matter. */
function unevenTensor(seed: number): TensorSource {
  const normal = seededNormal(seed)
  const weights = new Float32Array(64 * ROWS)
  for (let row = 0; row < ROWS; row += 1) {
    const kind = normal() > 0 ? 'heavy' : 'gauss'
    const size = Math.exp(0.4 * normal())
    weights.set(
      randomRow(kind, 64, seed * 10_000 + row).map((weight) => weight * size),
      row * 64,
    )
  }
  return floatTensorFile(folder, [64, ROWS], weights)
}

describe('a sampled measurement', () => {
  it('misses the exact relative error by about its standard error', () => {
    const misses = Array.from({ length: 40 }, (_, seed) => {
      const source = unevenTensor(seed + 1)
      const sampled = measurement(source, 0.1)
      expect(sampled).toMatchObject({ sampledRows: 200, rows: ROWS })
      return (sampled.relativeError! - measurement(source, 1).relativeError!) / sampled.standardError!
    })
    const spread = Math.sqrt(misses.reduce((sum, miss) => sum + miss * miss, 0) / misses.length)
    expect(spread).toBeGreaterThan(0.6)
    expect(spread).toBeLessThan(1.5)
  })
})
