import type { Database } from 'better-sqlite3'
import type { PlanChoices, StoredVerification } from '../../../preload/contract.ts'

/** Field and column of every value that is stored as it is. */
const COLUMNS = {
  id: 'id',
  label: 'label',
  finishedAt: 'finished_at',
  imatrix: 'imatrix',
  fileBytes: 'file_bytes',
  bpw: 'bpw',
  textName: 'text_name',
  textSha256: 'text_sha256',
  context: 'context',
  tokens: 'tokens',
  scoredTokens: 'scored_tokens',
  tokensPerSecond: 'tokens_per_second',
  referencePerplexity: 'reference_perplexity',
  candidatePerplexity: 'candidate_perplexity',
  mean: 'kld_mean',
  standardError: 'kld_standard_error',
  median: 'kld_median',
  p99: 'kld_p99',
  max: 'kld_max',
  sameTopToken: 'same_top_token',
  choices: 'choices',
} as const

type Row = Pick<
  StoredVerification,
  | 'id'
  | 'label'
  | 'finishedAt'
  | 'imatrix'
  | 'fileBytes'
  | 'bpw'
  | 'context'
  | 'tokens'
  | 'scoredTokens'
  | 'tokensPerSecond'
  | 'sameTopToken'
> &
  StoredVerification['kld'] & {
    readonly textName: string
    readonly textSha256: string
    readonly referencePerplexity: number
    readonly candidatePerplexity: number
    /** JSON. */
    readonly choices: string | null
  }

const NAMES = Object.keys(COLUMNS) as (keyof Row)[]

/** Verifications of candidates, by the weights of their reference. */
export class VerificationStore {
  readonly #list
  readonly #insert
  readonly #delete

  constructor(database: Database) {
    const selected = Object.entries(COLUMNS).map(([name, column]) => `${column} AS ${name}`)
    this.#list = database.prepare<[string], Row>(
      `SELECT ${selected.join(', ')} FROM verifications WHERE weights = ? ORDER BY finished_at DESC, id`,
    )
    const columns = Object.values(COLUMNS)
    this.#insert = database.prepare<[string, ...Row[keyof Row][]]>(
      `INSERT INTO verifications (weights, ${columns.join(', ')}) VALUES (?${', ?'.repeat(columns.length)})`,
    )
    this.#delete = database.prepare<[string]>('DELETE FROM verifications WHERE id = ?')
  }

  /** Newest first. */
  list(weights: string): StoredVerification[] {
    return this.#list.all(weights).map(fromRow)
  }

  add(weights: string, verification: StoredVerification): void {
    const row = toRow(verification)
    this.#insert.run(weights, ...NAMES.map((name) => row[name]))
  }

  /** False when there is none of that id. */
  forget(id: string): boolean {
    return this.#delete.run(id).changes === 1
  }
}

function toRow({ text, perplexity, kld, choices, ...rest }: StoredVerification): Row {
  return {
    ...rest,
    ...kld,
    textName: text.name,
    textSha256: text.sha256,
    referencePerplexity: perplexity.reference,
    candidatePerplexity: perplexity.candidate,
    choices: choices && JSON.stringify(choices),
  }
}

function fromRow(row: Row): StoredVerification {
  const { textName, textSha256, referencePerplexity, candidatePerplexity, choices, ...figures } = row
  const { mean, standardError, median, p99, max, ...rest } = figures
  return {
    ...rest,
    choices: choices === null ? null : (JSON.parse(choices) as PlanChoices),
    text: { name: textName, sha256: textSha256 },
    perplexity: { reference: referencePerplexity, candidate: candidatePerplexity },
    kld: { mean, standardError, median, p99, max },
  }
}
