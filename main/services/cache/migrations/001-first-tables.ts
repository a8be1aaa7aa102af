import type { Migration } from './index.ts'

/** The first tables. Digests are lower-case hex; an absent importance or covariance is the empty string. */
export const firstTables: Migration = {
  number: 1,
  sql: `
    CREATE TABLE fingerprints (
      file_identity TEXT NOT NULL,
      file_bytes INTEGER NOT NULL,
      modified_ms REAL NOT NULL,
      offset_bytes INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      fingerprint TEXT NOT NULL,
      PRIMARY KEY (file_identity, file_bytes, modified_ms, offset_bytes, bytes)
    ) WITHOUT ROWID;

    CREATE TABLE measurements (
      id INTEGER PRIMARY KEY,
      fingerprint TEXT NOT NULL,
      format TEXT NOT NULL,
      method TEXT NOT NULL,
      importance TEXT NOT NULL,
      covariance TEXT NOT NULL,
      engine INTEGER NOT NULL,
      fraction REAL NOT NULL,
      mse REAL,
      rmse REAL,
      relative_error REAL,
      weighted_relative_error REAL,
      output_relative_error REAL,
      cosine REAL,
      angle REAL,
      max_abs_error REAL,
      sqnr REAL,
      sampled_rows INTEGER NOT NULL,
      rows INTEGER NOT NULL,
      standard_error REAL,
      non_finite INTEGER NOT NULL,
      UNIQUE (fingerprint, format, method, importance, covariance, engine)
    );

    CREATE TABLE error_profiles (
      measurement INTEGER PRIMARY KEY REFERENCES measurements (id) ON DELETE CASCADE,
      row_bands INTEGER NOT NULL,
      column_bands INTEGER NOT NULL,
      mean_squared_errors BLOB NOT NULL
    );

    CREATE TABLE histograms (
      fingerprint TEXT NOT NULL,
      bins INTEGER NOT NULL,
      engine INTEGER NOT NULL,
      histogram TEXT NOT NULL,
      PRIMARY KEY (fingerprint, bins, engine)
    ) WITHOUT ROWID;

    CREATE TABLE recent_models (
      path TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      opened_at TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE jobs (
      id TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      title TEXT NOT NULL,
      model_path TEXT NOT NULL,
      request TEXT NOT NULL,
      started_at TEXT NOT NULL,
      owner_process INTEGER NOT NULL,
      owner_session TEXT NOT NULL
    ) WITHOUT ROWID;
  `,
}
