import type { Database } from 'better-sqlite3'
import type { Histogram } from '../../engine/metrics/histogram.ts'
import { ENGINE_VERSION } from '../../engine/version.ts'

/** Histograms by the tensor's fingerprint. */
export class HistogramStore {
  readonly #select
  readonly #insert

  constructor(database: Database) {
    this.#select = database
      .prepare<[string, number, number], string>(
        'SELECT histogram FROM histograms WHERE fingerprint = ? AND bins = ? AND engine = ?',
      )
      .pluck()
    this.#insert = database.prepare<[string, number, number, string]>(
      'INSERT OR REPLACE INTO histograms VALUES (?, ?, ?, ?)',
    )
  }

  find(fingerprint: string, bins: number): Histogram | null {
    const text = this.#select.get(fingerprint, bins, ENGINE_VERSION)
    return text === undefined ? null : (JSON.parse(text) as Histogram)
  }

  store(fingerprint: string, bins: number, histogram: Histogram): void {
    this.#insert.run(fingerprint, bins, ENGINE_VERSION, JSON.stringify(histogram))
  }
}
