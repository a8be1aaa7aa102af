import { join } from 'node:path'
import { openModel } from '../../main/engine/formats/open-model.ts'
import { bitsPerWeight } from '../../main/engine/quantizers/format.ts'
import { FORMATS } from '../../main/engine/quantizers/registry.ts'
import { rowCount } from '../../main/engine/tensor/tensor.ts'
import { Cache } from '../../main/services/cache/cache.ts'
import { effectiveFormat } from '../../main/services/measurements/targets.ts'
import { seededRandom } from './random-rows.ts'

export interface MadeUpOptions {
  /** Effective formats that are said to be measured; all when absent. */
  readonly formats?: readonly string[]
  /** Fraction of rows that is said to be measured. */
  readonly fraction?: number
  readonly seed?: number
}

/**
 * Puts errors of every quantizable tensor of a model into the cache of a data folder, as if they were measured: about
 * 0.7 * 2^-bpw, more or less by tensor and format. For models that are a header and a hole.
 */
export function makeUpMeasurements(dataFolder: string, path: string, options: MadeUpOptions = {}): void {
  const { formats, fraction = 1, seed = 1 } = options
  const uniform = seededRandom(seed)
  const model = openModel(path)
  const cache = new Cache(join(dataFolder, 'cache.sqlite'))
  try {
    for (const tensor of model.tensors.filter(({ quantizable }) => quantizable)) {
      const file = model.files[tensor.file]
      if (!file) throw new Error(`${tensor.name} lies in no file`)
      const fingerprint = `made up ${tensor.name}`
      const scale = 0.5 + uniform()
      const fitting = FORMATS.filter((format) => effectiveFormat(format, tensor) === format)
      const measured = fitting.filter(({ name }) => formats?.includes(name) ?? true)
      const rows = rowCount(tensor)
      cache.use(({ fingerprints, measurements }) => {
        fingerprints.store(file, tensor, fingerprint)
        measurements.storeAll(
          measured.map((format) => {
            const relativeError = scale * (0.6 + 0.2 * uniform()) * 2 ** -bitsPerWeight(format)
            const key = {
              fingerprint,
              format: format.name,
              method: 'reference' as const,
              importance: '',
              covariance: '',
            }
            return {
              key,
              stored: { fraction, figures: figures(relativeError, rows, fraction) },
              profile: null,
            }
          }),
        )
      })
    }
  } finally {
    cache.close()
  }
}

function figures(relativeError: number, rows: number, fraction: number) {
  return {
    mse: relativeError ** 2,
    rmse: relativeError,
    relativeError,
    weightedRelativeError: null,
    outputRelativeError: null,
    cosine: 1,
    angle: 0,
    maxAbsError: relativeError,
    sqnr: -20 * Math.log10(relativeError),
    sampledRows: Math.ceil(rows * fraction),
    rows,
    standardError: fraction < 1 ? relativeError / 10 : null,
    nonFinite: 0,
  }
}
