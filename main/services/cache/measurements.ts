import type { Database } from 'better-sqlite3'
import type { ErrorProfile, Measurement } from '../../engine/metrics/measurement.ts'
import type { Method } from '../../engine/quantizers/format.ts'
import { ENGINE_VERSION } from '../../engine/version.ts'
import { ErrorMemo } from './error-memo.ts'
import type { ErrorsByFormat } from './error-memo.ts'

/** What a measurement depends on, the engine's version apart. */
export interface MeasurementKey {
  /** Of the tensor: type, shape and stored bytes. */
  readonly fingerprint: string
  /** Effective format. */
  readonly format: string
  readonly method: Method
  /** Fingerprints of the tensor's own vector and matrix; empty without. */
  readonly importance: string
  readonly covariance: string
}

/** What the cache keeps of a measurement; names, sizes and requested format belong to the model that asks. */
export type Figures = Omit<Measurement, 'tensor' | 'format' | 'effectiveFormat' | 'method' | 'bytes' | 'bpw'>

export interface StoredFigures {
  readonly figures: Figures
  /** Fraction of rows that was asked for; 1 for an exact measurement. */
  readonly fraction: number
}

/** Field and column of every figure. */
const COLUMNS = {
  mse: 'mse',
  rmse: 'rmse',
  relativeError: 'relative_error',
  weightedRelativeError: 'weighted_relative_error',
  outputRelativeError: 'output_relative_error',
  cosine: 'cosine',
  angle: 'angle',
  maxAbsError: 'max_abs_error',
  sqnr: 'sqnr',
  sampledRows: 'sampled_rows',
  rows: 'rows',
  standardError: 'standard_error',
  nonFinite: 'non_finite',
} as const satisfies Record<keyof Figures, string>

const NAMES = Object.keys(COLUMNS) as (keyof Figures)[]
const KEY = 'fingerprint, format, method, importance, covariance, engine'
const FIGURES = Object.values(COLUMNS).join(', ')
const SELECTED = Object.entries(COLUMNS).map(([name, column]) => `${column} AS ${name}`)

/** Of a whole measurement, what the cache keeps. */
export function figuresOf(measurement: Figures): Figures {
  return Object.fromEntries(NAMES.map((name) => [name, measurement[name]])) as unknown as Figures
}

type KeyValues = [string, string, string, string, string, number]
type Row = Figures & { readonly id: number; readonly fraction: number }

/** Cached measurements and their error profiles. */
export class MeasurementStore {
  readonly #select
  readonly #selectAny
  readonly #upsert
  readonly #profile
  readonly #storeProfile
  readonly #dropProfile
  readonly #transaction
  readonly #errors: ErrorMemo

  constructor(database: Database) {
    const select = `SELECT id, fraction, ${SELECTED.join(', ')} FROM measurements
      WHERE fingerprint = ? AND format = ? AND method = ? AND importance = ?`
    this.#select = database.prepare<KeyValues, Row>(`${select} AND covariance = ? AND engine = ?`)
    this.#selectAny = database.prepare<[string, string, string, string, number], Row>(
      `${select} AND engine = ? ORDER BY fraction DESC, covariance DESC LIMIT 1`,
    )
    this.#upsert = database.prepare<unknown[], { id: number }>(upsertStatement())
    this.#profile = database.prepare<
      [number],
      { row_bands: number; column_bands: number; mean_squared_errors: Buffer }
    >('SELECT row_bands, column_bands, mean_squared_errors FROM error_profiles WHERE measurement = ?')
    this.#storeProfile = database.prepare('INSERT OR REPLACE INTO error_profiles VALUES (?, ?, ?, ?)')
    this.#dropProfile = database.prepare('DELETE FROM error_profiles WHERE measurement = ?')
    this.#transaction = database.transaction((work: () => void) => work())
    this.#errors = new ErrorMemo(database)
  }

  /** Changes with every measurement that is stored, by this process or another one. */
  version(): string {
    return this.#errors.version()
  }

  /** Errors in all formats and methods, as of the last call of `version`. */
  errorsOf(place: Pick<MeasurementKey, 'fingerprint' | 'importance'>): ErrorsByFormat {
    return this.#errors.find(place)
  }

  find(key: MeasurementKey): StoredFigures | null {
    const row = this.#select.get(...keyValues(key))
    return row ? stored(row) : null
  }

  /** The best known figures whatever covariance they were measured with. */
  findAny(key: Omit<MeasurementKey, 'covariance'>): StoredFigures | null {
    const row = this.#anyRow(key)
    return row ? stored(row) : null
  }

  profile(key: Omit<MeasurementKey, 'covariance'>): ErrorProfile | null {
    const row = this.#anyRow(key)
    const profile = row && this.#profile.get(row.id)
    if (!profile) return null
    const bytes = new Uint8Array(profile.mean_squared_errors)
    const values = [...new Float32Array(bytes.buffer)]
    return { rowBands: profile.row_bands, columnBands: profile.column_bands, values }
  }

  /** Stores all or none. An estimate never replaces an exact measurement or a larger sample. */
  storeAll(
    entries: readonly { key: MeasurementKey; stored: StoredFigures; profile: ErrorProfile | null }[],
  ): void {
    this.#transaction.immediate(() => {
      for (const entry of entries) this.#store(entry.key, entry.stored, entry.profile)
    })
    this.#errors.drop(entries.map(({ key }) => key))
  }

  #store(key: MeasurementKey, { figures, fraction }: StoredFigures, profile: ErrorProfile | null): void {
    const row = this.#upsert.get(...keyValues(key), fraction, ...NAMES.map((name) => figures[name]))
    if (!row) return
    if (!profile) this.#dropProfile.run(row.id)
    else this.#storeProfile.run(row.id, profile.rowBands, profile.columnBands, encode(profile.values))
  }

  #anyRow(key: Omit<MeasurementKey, 'covariance'>): Row | undefined {
    const { fingerprint, format, method, importance } = key
    return this.#selectAny.get(fingerprint, format, method, importance, ENGINE_VERSION)
  }
}

function upsertStatement(): string {
  const columns = ['fraction', ...Object.values(COLUMNS)]
  const marks = Array.from({ length: KEY.split(',').length + columns.length }, () => '?')
  return `INSERT INTO measurements (${KEY}, fraction, ${FIGURES}) VALUES (${marks.join(', ')})
    ON CONFLICT (${KEY}) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}
    WHERE excluded.fraction >= fraction RETURNING id`
}

function keyValues(key: MeasurementKey): KeyValues {
  return [key.fingerprint, key.format, key.method, key.importance, key.covariance, ENGINE_VERSION]
}

function stored(row: Row): StoredFigures {
  return { fraction: row.fraction, figures: figuresOf(row) }
}

/** Four bytes are enough for a picture. */
function encode(values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer)
}
