import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { readCovariance } from '../../engine/importance/covariance.ts'
import type { Imatrix } from '../../engine/importance/imatrix.ts'
import { matchImportance } from '../../engine/importance/match-importance.ts'
import type { UnusableImportance } from '../../engine/importance/match-importance.ts'
import { readImatrix } from '../../engine/importance/read-imatrix.ts'
import type { Finding, Model } from '../../engine/formats/model.ts'
import { fileStamp } from '../files/file-stamp.ts'
import type { ServedPaths } from '../library/paths.ts'
import { NO_STATISTICS } from './activation-statistics.ts'
import type { ActivationStatistics, CovarianceSource, TensorImportance } from './activation-statistics.ts'
import { importanceFindings } from './importance-findings.ts'

export interface StatisticsRequest {
  readonly imatrix?: string | undefined
  readonly covariance?: string | undefined
}

/** Where importance came from, as an exported file tells it. */
export interface ImatrixOrigin {
  /** Without its folder, which is nobody else's business. */
  readonly fileName: string
  readonly dataset: string | null
  readonly entries: number
  readonly chunks: number | null
}

export interface LoadedStatistics {
  readonly statistics: ActivationStatistics
  readonly origin: ImatrixOrigin | null
  /** How well the importance covers the model: what is missing, unusable, unreached or left over. */
  readonly findings: readonly Finding[]
}

interface LoadedImportance {
  readonly stamp: string
  readonly importance: ReadonlyMap<string, TensorImportance>
  readonly unusable: ReadonlyMap<string, UnusableImportance>
  readonly origin: ImatrixOrigin
  readonly findings: readonly Finding[]
}

/** Importance and covariance files, read once for each model and kept while they are unchanged. */
export class StatisticsFiles {
  readonly #served: ServedPaths
  readonly #importance = new WeakMap<Model, LoadedImportance>()

  constructor(served: ServedPaths) {
    this.#served = served
  }

  /** @throws QuantaloupeError what the readers report, `OUTSIDE_ROOTS` */
  load(model: Model, { imatrix, covariance }: StatisticsRequest): LoadedStatistics {
    const loaded = imatrix === undefined ? null : this.#loadImportance(model, this.#served.existing(imatrix))
    const source = covariance === undefined ? null : covarianceSource(this.#served.existing(covariance))
    return {
      statistics: {
        importance: loaded?.importance ?? NO_STATISTICS.importance,
        unusable: loaded?.unusable ?? NO_STATISTICS.unusable,
        covariance: source ?? NO_STATISTICS.covariance,
      },
      origin: loaded?.origin ?? null,
      findings: loaded?.findings ?? [],
    }
  }

  #loadImportance(model: Model, path: string): LoadedImportance {
    const stamp = fileStamp(path)
    const known = this.#importance.get(model)
    if (known?.stamp === stamp) return known
    const imatrix = readImatrix(path)
    const { vectors, coverage } = matchImportance(model, imatrix)
    const importance = new Map([...vectors].map(([name, values]) => [name, share(values)]))
    const findings = importanceFindings(coverage)
    const unusable = new Map(coverage.unusable.map((problem) => [problem.tensor, problem]))
    const loaded = { stamp, importance, unusable, findings, origin: originOf(path, imatrix) }
    this.#importance.set(model, loaded)
    return loaded
  }
}

function share(values: Float32Array): TensorImportance {
  const shared = new SharedArrayBuffer(values.byteLength)
  new Float32Array(shared).set(values)
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return { shared: { values: shared }, fingerprint: createHash('sha256').update(bytes).digest('hex') }
}

function originOf(path: string, imatrix: Imatrix): ImatrixOrigin {
  const [dataset] = imatrix.datasets
  return {
    fileName: basename(path),
    dataset: dataset === undefined ? null : basename(dataset),
    entries: imatrix.entries.size,
    chunks: imatrix.chunkCount,
  }
}

function covarianceSource(path: string): CovarianceSource {
  const covariance = readCovariance(path)
  return {
    source(tensor) {
      const entry = covariance.entry(tensor)
      if (!entry) return null
      const { name, dtype: type, shape, offsetBytes, bytes } = entry
      return { name, file: covariance.file, type, shape, offsetBytes, bytes, littleEndian: true }
    },
    load(tensor) {
      const matrix = covariance.get(tensor)
      if (!matrix) return null
      const values = new SharedArrayBuffer(matrix.byteLength)
      new Float64Array(values).set(matrix)
      return { values }
    },
  }
}
