import type { Database } from 'better-sqlite3'

export interface RecentRow {
  readonly path: string
  readonly name: string
  /** ISO 8601. */
  readonly openedAt: string
}

const KEPT = 20

/** The models that were opened last, newest first. */
export class RecentModels {
  readonly #list
  readonly #insert
  readonly #trim
  readonly #delete

  constructor(database: Database) {
    this.#list = database.prepare<[], RecentRow>(
      'SELECT path, name, opened_at AS openedAt FROM recent_models ORDER BY opened_at DESC, path',
    )
    this.#insert = database.prepare<[string, string, string]>(
      'INSERT OR REPLACE INTO recent_models VALUES (?, ?, ?)',
    )
    this.#trim = database.prepare<[number]>(
      `DELETE FROM recent_models WHERE path NOT IN
       (SELECT path FROM recent_models ORDER BY opened_at DESC, path LIMIT ?)`,
    )
    this.#delete = database.prepare<[string]>('DELETE FROM recent_models WHERE path = ?')
  }

  list(): RecentRow[] {
    return this.#list.all()
  }

  add(model: RecentRow): void {
    this.#insert.run(model.path, model.name, model.openedAt)
    this.#trim.run(KEPT)
  }

  forget(path: string): void {
    this.#delete.run(path)
  }
}
