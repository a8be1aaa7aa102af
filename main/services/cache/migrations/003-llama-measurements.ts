import type { Migration } from './index.ts'

/**
 * What llama.cpp measured: verifications of candidates, and sensitivities of groups of tensors.
 *
 * `weights` stands for the fingerprints of all tensors of a model. JSON: `choices` (null for a file that was not made
 * from a plan) and `tensors`, the names of a group. An absent importance is the empty string in `sensitivities`.
 */
export const llamaMeasurements: Migration = {
  number: 3,
  sql: `
    CREATE TABLE verifications (
      id TEXT PRIMARY KEY,
      weights TEXT NOT NULL,
      label TEXT NOT NULL,
      finished_at TEXT NOT NULL,
      choices TEXT,
      imatrix TEXT,
      file_bytes INTEGER NOT NULL,
      bpw REAL NOT NULL,
      text_name TEXT NOT NULL,
      text_sha256 TEXT NOT NULL,
      context INTEGER NOT NULL,
      tokens INTEGER NOT NULL,
      scored_tokens INTEGER NOT NULL,
      tokens_per_second REAL NOT NULL,
      reference_perplexity REAL NOT NULL,
      candidate_perplexity REAL NOT NULL,
      kld_mean REAL NOT NULL,
      kld_standard_error REAL NOT NULL,
      kld_median REAL NOT NULL,
      kld_p99 REAL NOT NULL,
      kld_max REAL NOT NULL,
      same_top_token REAL NOT NULL
    ) WITHOUT ROWID;

    CREATE INDEX verifications_by_weights ON verifications (weights);

    CREATE TABLE sensitivities (
      weights TEXT NOT NULL,
      tensors TEXT NOT NULL,
      format TEXT NOT NULL,
      importance TEXT NOT NULL,
      text_sha256 TEXT NOT NULL,
      context INTEGER NOT NULL,
      tokens INTEGER NOT NULL,
      engine INTEGER NOT NULL,
      text_name TEXT NOT NULL,
      measured_at TEXT NOT NULL,
      relative_error REAL NOT NULL,
      weighted_relative_error REAL,
      kld REAL NOT NULL,
      standard_error REAL NOT NULL,
      perplexity_change REAL NOT NULL,
      PRIMARY KEY (weights, tensors, format, importance, text_sha256, context, tokens, engine)
    ) WITHOUT ROWID;
  `,
}
