import { describe, expect, it } from 'vitest'
import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import type { Kernels } from '../../../main/engine/kernels/kernels.ts'
import { measureBand } from '../../../main/engine/metrics/measure-band.ts'
import { encodedBytes, type Format } from '../../../main/engine/quantizers/format.ts'
import { FORMATS } from '../../../main/engine/quantizers/registry.ts'
import { RowReader } from '../../../main/engine/tensor/row-reader.ts'
import { randomImportance, randomRows } from '../../support/random-rows.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { tensorFile } from '../../support/tensor-file.ts'
import { allKernels } from '../../support/twins.ts'

const LENGTH = 512
const ROWS = 12
/** No run of lanes: whole vectors of blocks, a few left over, single rows. */
const GROUPS = [[12], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [5, 7], [11, 1]] as const

const folder = new TemporaryFolder()
const weights = randomRows('heavy', ROWS, LENGTH, 1)
const importance = randomImportance('lognormal', LENGTH, 1)
const source = tensorFile(folder, {
  type: 'F32',
  shape: [LENGTH, ROWS],
  bytes: new Uint8Array(weights.buffer),
})

function quantizeIn(groups: readonly number[], kernels: Kernels, format: Format): Uint8Array {
  const out = new Uint8Array(encodedBytes(format, weights.length))
  const rowBytes = encodedBytes(format, LENGTH)
  let row = 0
  for (const rows of groups) {
    const part = weights.subarray(row * LENGTH, (row + rows) * LENGTH)
    const bytes = out.subarray(row * rowBytes, (row + rows) * rowBytes)
    kernels.quantizeRows(format, 'reference', part, LENGTH, importance, bytes)
    row += rows
  }
  return out
}

function measureIn(chunkWeights: number, kernels: Kernels, format: Format) {
  return FileBytes.with(source.file.path, (file) =>
    measureBand({
      reader: new RowReader(file, source, kernels),
      kernels,
      band: { firstRow: 0, rows: ROWS },
      sample: 1,
      targets: [{ format, method: 'reference' }],
      importance,
      covariance: null,
      step: () => undefined,
      chunkWeights,
    }),
  )
}

describe.each(FORMATS)('$name', (format) => {
  it('has the same bytes however the rows are grouped, from every kernels', () => {
    const [expected] = allKernels().map((kernels) => quantizeIn([ROWS], kernels, format))
    for (const kernels of allKernels()) {
      for (const groups of GROUPS) {
        const same = Buffer.compare(quantizeIn(groups, kernels, format), expected!) === 0
        expect(same, `${kernels.name}, groups of ${groups.join(', ')}`).toBe(true)
      }
    }
  })

  it('has the same error sums however the rows are grouped, from every kernels', () => {
    const [expected] = allKernels().map((kernels) => measureIn(LENGTH, kernels, format))
    for (const kernels of allKernels()) {
      for (const chunk of [LENGTH, 5 * LENGTH, ROWS * LENGTH]) {
        expect(measureIn(chunk, kernels, format), `${kernels.name}, chunks of ${chunk}`).toEqual(expected)
      }
    }
  })
})
