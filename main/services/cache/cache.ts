import { randomUUID } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import type { Finding } from '../../engine/formats/model.ts'
import { FingerprintMemo } from './fingerprints.ts'
import { HistogramStore } from './histograms.ts'
import { MeasurementStore } from './measurements.ts'
import { openDatabase } from './open-database.ts'
import { RecentModels } from './recent-models.ts'
import { SensitivityStore } from './sensitivities.ts'
import { translateErrors } from './sqlite-errors.ts'
import { UnfinishedJobs } from './unfinished-jobs.ts'
import { VerificationStore } from './verifications.ts'

/** The stores of one cache database. */
export interface CacheStores {
  readonly fingerprints: FingerprintMemo
  readonly measurements: MeasurementStore
  readonly histograms: HistogramStore
  readonly verifications: VerificationStore
  readonly sensitivities: SensitivityStore
  readonly recentModels: RecentModels
  readonly jobs: UnfinishedJobs
}

/** One open cache database, shared with other processes through SQLite's write-ahead log. */
export class Cache {
  readonly findings: readonly Finding[]
  readonly #database: Database
  readonly #path: string
  readonly #stores: CacheStores

  /** @throws QuantaloupeError `CACHE_TOO_NEW` */
  constructor(path: string, options: { busyMs?: number } = {}) {
    const { database, findings } = openDatabase(path, options)
    this.findings = findings
    this.#path = path
    this.#database = database
    this.#stores = {
      fingerprints: new FingerprintMemo(database),
      measurements: new MeasurementStore(database),
      histograms: new HistogramStore(database),
      verifications: new VerificationStore(database),
      sensitivities: new SensitivityStore(database),
      recentModels: new RecentModels(database),
      jobs: new UnfinishedJobs(database, randomUUID()),
    }
  }

  /**
   * Runs queries.
   *
   * @throws QuantaloupeError `CACHE_LOCKED`, `CACHE_FULL`, `CACHE_FAILED`
   */
  use<T>(query: (stores: CacheStores) => T): T {
    return translateErrors(this.#path, () => query(this.#stores))
  }

  close(): void {
    this.#database.close()
  }
}
