import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import { typescriptKernels } from '../../../main/engine/kernels/kernels.ts'
import type { ErrorSums } from '../../../main/engine/metrics/error-sums.ts'
import { measureBand, type BandMeasurement } from '../../../main/engine/metrics/measure-band.ts'
import { rowBands } from '../../../main/engine/metrics/row-bands.ts'
import type { Format } from '../../../main/engine/quantizers/format.ts'
import { formatByName } from '../../../main/engine/quantizers/registry.ts'
import { RowReader } from '../../../main/engine/tensor/row-reader.ts'
import type { TensorSource } from '../../../main/workers/protocol.ts'
import { randomImportance, randomRow } from '../../support/random-rows.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { floatTensorFile } from '../../support/tensor-file.ts'

const folder = new TemporaryFolder()

type Options = Partial<Omit<BandMeasurement, 'reader' | 'kernels'>> & { readonly formats?: readonly Format[] }

function measure(source: TensorSource, { formats = [formatByName('Q4_0')!], ...options }: Options = {}) {
  return FileBytes.with(source.file.path, (file) => {
    const reader = new RowReader(file, source, typescriptKernels)
    return measureBand({
      reader,
      kernels: typescriptKernels,
      band: { firstRow: 0, rows: reader.rows },
      sample: 1,
      targets: formats.map((format) => ({ format, method: 'reference' })),
      importance: null,
      covariance: null,
      step: () => undefined,
      ...options,
    })
  })
}

/** Rounds to whole numbers: errors that can be counted by hand. */
const WHOLE: Format = {
  ...formatByName('F32')!,
  methods: { reference: (x, _h, out) => out.set(new Uint8Array(Float32Array.from(x, Math.round).buffer)) },
}

describe('the sums of a band', () => {
  it('agree with sums made by hand', () => {
    // Errors: 0.25, -0.25, 0 and -0.5, 0, 0.25.
    const source = floatTensorFile(folder, [3, 2], Float32Array.of(0.75, 2.25, 4, 1.5 - 1, 8, -0.25))
    const [sums] = measure(source, {
      formats: [WHOLE],
      importance: Float32Array.of(1, 2, 4),
      covariance: Float64Array.of(2, 1, 0, 1, 3, 0, 0, 0, 1),
    })
    // 0.5 rounds to 1: its error is 0.5.
    expect(sums).toEqual({
      rows: 2,
      bandRows: 2,
      weights: 6,
      nonFinite: 0,
      error2: 0.0625 + 0.0625 + 0 + 0.25 + 0 + 0.0625,
      weight2: 0.5625 + 5.0625 + 16 + 0.25 + 64 + 0.0625,
      quant2: 1 + 4 + 16 + 1 + 64 + 0,
      importanceError2: 0.0625 + 2 * 0.0625 + 0.25 + 4 * 0.0625,
      importanceWeight2: 0.5625 + 2 * 5.0625 + 4 * 16 + 0.25 + 2 * 64 + 4 * 0.0625,
      outputError2: 2 * 0.0625 - 2 * 0.0625 + 3 * 0.0625 + (2 * 0.25 + 0.0625),
      outputWeight2:
        2 * 0.5625 + 2 * 0.75 * 2.25 + 3 * 5.0625 + 16 + (2 * 0.25 + 2 * 0.5 * 8 + 3 * 64 + 0.0625),
      maxAbsError: 0.5,
      rowError4: 0.125 ** 2 + 0.3125 ** 2,
      rowWeight4: 21.625 ** 2 + 64.3125 ** 2,
      rowErrorWeight: 0.125 * 21.625 + 0.3125 * 64.3125,
      columnError2: [0.0625 + 0.25, 0.0625, 0.0625],
      columnWeights: [2, 2, 2],
    } satisfies ErrorSums)
  })

  it('measure every target as if it were alone', () => {
    const source = floatTensorFile(folder, [256, 6], randomRow('heavy', 256 * 6, 1))
    const formats = ['Q4_K', 'Q8_0', 'F16', 'Q6_K'].map((name) => formatByName(name)!)
    const alone = formats.map((format) => measure(source, { formats: [format] })[0])
    expect(measure(source, { formats })).toEqual(alone)
  })

  it('do not depend on how many rows are decoded at a time', () => {
    const covariance = Float64Array.from({ length: 64 * 64 }, (_, i) =>
      Math.cos(Math.abs((i % 64) - Math.floor(i / 64))),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 2000 }),
        (rows, chunkWeights) => {
          const source = floatTensorFile(folder, [64, rows], randomRow('heavy', 64 * rows, rows))
          const options = { importance: randomImportance('lognormal', 64, 3), covariance }
          expect(measure(source, { ...options, chunkWeights })).toEqual(measure(source, options))
        },
      ),
      { numRuns: 25 },
    )
  })

  it('of all bands count every row once', () => {
    const source = floatTensorFile(folder, [128, 700], randomRow('gauss', 128 * 700, 5))
    const bands = rowBands(source.shape).map((band) => measure(source, { band })[0]!)
    const whole = measure(source)[0]!
    const total = (key: 'rows' | 'weights' | 'error2' | 'weight2') =>
      bands.reduce((sum, band) => sum + band[key], 0)
    expect(total('rows')).toBe(700)
    expect(total('weights')).toBe(128 * 700)
    expect(total('error2')).toBeCloseTo(whole.error2, 12)
    expect(total('weight2')).toBeCloseTo(whole.weight2, 12)
  })
})

describe('a band with several expert slices', () => {
  it('uses the vector of each slice', () => {
    const weights = randomRow('gauss', 64 * 8, 9)
    const vectors = [randomImportance('lognormal', 64, 1), randomImportance('lognormal', 64, 2)]
    const source = floatTensorFile(folder, [64, 4, 2], weights)
    const importance = Float32Array.from(vectors.flatMap((vector) => [...vector]))
    const together = measure(source, { importance })[0]!
    const apart = vectors.map((vector, slice) => {
      const part = floatTensorFile(folder, [64, 4], weights.slice(slice * 256, (slice + 1) * 256))
      return measure(part, { importance: vector })[0]!
    })
    expect(together.importanceError2).toBe(apart[0]!.importanceError2 + apart[1]!.importanceError2)
    expect(together.error2).toBeCloseTo(apart[0]!.error2 + apart[1]!.error2, 14)
  })

  it('uses one vector for all where there is only one', () => {
    const weights = randomRow('gauss', 64 * 8, 9)
    const importance = randomImportance('lognormal', 64, 1)
    const stack = measure(floatTensorFile(folder, [64, 4, 2], weights), { importance })
    expect(stack).toEqual(measure(floatTensorFile(folder, [64, 8], weights), { importance }))
  })
})

describe('non-finite weights', () => {
  it('are counted, left out, and do not spoil their block', () => {
    const clean = randomRow('gauss', 128, 2)
    clean[5] = 0
    clean[70] = 0
    const spoilt = clean.slice()
    spoilt[5] = NaN
    spoilt[70] = -Infinity
    const [expected] = measure(floatTensorFile(folder, [64, 2], clean))
    const [sums] = measure(floatTensorFile(folder, [64, 2], spoilt))
    expect(sums).toMatchObject({ nonFinite: 2, weights: 126 })
    expect(sums!.columnWeights.reduce((total, count) => total + count, 0)).toBe(126)
    expect(sums!.error2).toBe(expected!.error2)
    expect(sums!.weight2).toBe(expected!.weight2)
  })
})

describe('progress', () => {
  it('is told weights times targets, and can stop the work', () => {
    const source = floatTensorFile(folder, [64, 50], randomRow('gauss', 64 * 50, 2))
    const formats = ['Q4_0', 'Q8_0'].map((name) => formatByName(name)!)
    let done = 0
    measure(source, { formats, step: (weights) => (done += weights) })
    expect(done).toBe(64 * 50 * 2)
    const stop = () => {
      throw new Error('stopped')
    }
    expect(() => measure(source, { formats, step: stop })).toThrow('stopped')
  })
})
