import type { Database } from 'better-sqlite3'
import { ENGINE_VERSION } from '../../engine/version.ts'

/** What a replacement is measured on. */
export interface SensitivityText {
  readonly name: string
  readonly sha256: string
  /** Tokens per chunk, and in all. */
  readonly context: number
  readonly tokens: number
}

/** What the measurement of one replaced group depends on, the engine's version apart. */
export interface SensitivityKey {
  /** Of the whole model: see `weightsIdentity`. */
  readonly weights: string
  readonly tensors: readonly string[]
  /** As requested. */
  readonly format: string
  /** Of the group's tensors; empty without. */
  readonly importance: string
  readonly text: SensitivityText
}

/** What llama.cpp and the engine said about one group replaced by its twin. */
export interface Replacement {
  /** Roots of the summed squares over the tensors of the group. */
  readonly relativeError: number
  readonly weightedRelativeError: number | null
  /** Mean KL divergence in nats, and its standard error. */
  readonly kld: number
  readonly standardError: number
  readonly perplexityChange: number
}

export interface StoredReplacement {
  readonly key: SensitivityKey
  readonly replacement: Replacement
  /** ISO 8601. */
  readonly measuredAt: string
}

interface Row extends Replacement {
  readonly tensors: string
  readonly format: string
  readonly importance: string
  readonly sha256: string
  readonly name: string
  readonly context: number
  readonly tokens: number
  readonly measuredAt: string
}

type KeyValues = [
  weights: string,
  tensors: string,
  format: string,
  importance: string,
  sha256: string,
  context: number,
  tokens: number,
  engine: number,
]

const KEY = ['weights', 'tensors', 'format', 'importance', 'text_sha256', 'context', 'tokens', 'engine']
const FIGURES = `relative_error AS relativeError, weighted_relative_error AS weightedRelativeError, kld,
  standard_error AS standardError, perplexity_change AS perplexityChange`

/** Measured replacements of groups of tensors. */
export class SensitivityStore {
  readonly #select
  readonly #list
  readonly #insert
  #stored = 0

  constructor(database: Database) {
    const matches = KEY.map((column) => `${column} = ?`).join(' AND ')
    this.#select = database.prepare<KeyValues, Replacement>(
      `SELECT ${FIGURES} FROM sensitivities WHERE ${matches}`,
    )
    this.#list = database.prepare<[string, number], Row>(
      `SELECT tensors, format, importance, text_sha256 AS sha256, text_name AS name, context, tokens,
       measured_at AS measuredAt, ${FIGURES} FROM sensitivities WHERE weights = ? AND engine = ?
       ORDER BY measured_at, tensors, format`,
    )
    this.#insert = database.prepare(
      `INSERT OR REPLACE INTO sensitivities (${KEY.join(', ')}, text_name, measured_at, relative_error,
       weighted_relative_error, kld, standard_error, perplexity_change)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
  }

  /** Grows with everything that is stored by this process. */
  get version(): number {
    return this.#stored
  }

  find(key: SensitivityKey): Replacement | null {
    return this.#select.get(...keyValues(key)) ?? null
  }

  /** All that is known of a model's weights, oldest first. */
  list(weights: string): StoredReplacement[] {
    return this.#list.all(weights, ENGINE_VERSION).map((row) => fromRow(weights, row))
  }

  store({ key, replacement, measuredAt }: StoredReplacement): void {
    const { relativeError, weightedRelativeError, kld, standardError, perplexityChange } = replacement
    const figures = [relativeError, weightedRelativeError, kld, standardError, perplexityChange]
    this.#stored += 1
    this.#insert.run(...keyValues(key), key.text.name, measuredAt, ...figures)
  }
}

function keyValues({ weights, tensors, format, importance, text }: SensitivityKey): KeyValues {
  const { sha256, context, tokens } = text
  return [weights, JSON.stringify(tensors), format, importance, sha256, context, tokens, ENGINE_VERSION]
}

function fromRow(weights: string, row: Row): StoredReplacement {
  const { tensors, format, importance, sha256, name, context, tokens, measuredAt, ...replacement } = row
  const text = { name, sha256, context, tokens }
  return {
    key: { weights, tensors: JSON.parse(tensors) as string[], format, importance, text },
    replacement,
    measuredAt,
  }
}
