import type { Database } from 'better-sqlite3'
import type { Method } from '../../engine/quantizers/format.ts'
import { ENGINE_VERSION } from '../../engine/version.ts'

/** The figures that damage is predicted from. */
export interface KnownErrors {
  readonly relativeError: number | null
  readonly weightedRelativeError: number | null
  readonly mse: number | null
  /** Estimated from some of the rows. */
  readonly isSampled: boolean
}

/** By {@link errorKey}. */
export type ErrorsByFormat = ReadonlyMap<string, KnownErrors>

/** Weights of one tensor and the importance they were measured with. */
interface Place {
  readonly fingerprint: string
  readonly importance: string
}

type Row = [
  format: string,
  method: string,
  relativeError: number | null,
  weightedRelativeError: number | null,
  mse: number | null,
  sampledRows: number,
  rows: number,
]

/** More tensors than the largest models have; then all are read again. */
const MOST_PLACES = 32_768

export function errorKey(format: string, method: Method): string {
  return `${format} ${method}`
}

/**
 * The errors of tensors in all formats and methods at once, kept in memory.
 *
 * One query for each tensor, where a plan's search would need one for each tensor and format; later only for the tensors
 * that were measured meanwhile.
 */
export class ErrorMemo {
  readonly #select
  readonly #dataVersion
  readonly #places = new Map<string, ErrorsByFormat>()
  #stored = 0
  #foreign = 0

  constructor(database: Database) {
    // The best known figures come last and stay: those of the most rows, whatever covariance they were measured with.
    this.#select = database
      .prepare<[string, string, number], Row>(
        `SELECT format, method, relative_error, weighted_relative_error, mse, sampled_rows, rows FROM measurements
         WHERE fingerprint = ? AND importance = ? AND engine = ? ORDER BY fraction, covariance`,
      )
      .raw()
    this.#dataVersion = database.prepare<[], number>('PRAGMA data_version').pluck()
  }

  /** Changes with every measurement that is stored, by this process or another one. */
  version(): string {
    const foreign = this.#dataVersion.get() ?? 0
    if (foreign !== this.#foreign) this.#places.clear()
    this.#foreign = foreign
    return `${foreign}.${this.#stored}`
  }

  /** As of the last call of `version`, where another process has stored something since. */
  find({ fingerprint, importance }: Place): ErrorsByFormat {
    const place = `${fingerprint} ${importance}`
    const known = this.#places.get(place)
    if (known) return known
    if (this.#places.size >= MOST_PLACES) this.#places.clear()
    const found = new Map(this.#select.all(fingerprint, importance, ENGINE_VERSION).map(errorsOf))
    this.#places.set(place, found)
    return found
  }

  /** Something was measured with these weights. */
  drop(places: readonly Place[]): void {
    this.#stored += 1
    for (const { fingerprint, importance } of places) this.#places.delete(`${fingerprint} ${importance}`)
  }
}

function errorsOf(row: Row): [string, KnownErrors] {
  const [format, method, relativeError, weightedRelativeError, mse, sampledRows, rows] = row
  const errors = { relativeError, weightedRelativeError, mse, isSampled: sampledRows < rows }
  return [errorKey(format, method as Method), errors]
}
