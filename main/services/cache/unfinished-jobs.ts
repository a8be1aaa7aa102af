import type { Database } from 'better-sqlite3'
import { isAlive } from '../processes.ts'
import type { Job, JobKind } from '../../../preload/contract.ts'

/** A job that has not ended: enough to start it again. */
export interface UnfinishedJob {
  readonly id: string
  readonly kind: JobKind
  readonly title: string
  readonly modelPath: string
  /** JSON of the request. */
  readonly request: string
  readonly startedAt: string
}

/** How far a job came. */
export type JobProgress = Pick<Job, 'tensorsDone' | 'tensorsTotal' | 'bytesDone' | 'bytesTotal'>

/** A job that nobody works on. */
export type InterruptedJob = UnfinishedJob & JobProgress

type Row = InterruptedJob & { readonly ownerProcess: number; readonly ownerSession: string }

/**
 * Jobs from the moment they are asked for until they end.
 *
 * A row whose owner is gone is a job that was interrupted: by a kill, a crash, or by closing the program.
 */
export class UnfinishedJobs {
  readonly #session: string
  readonly #list
  readonly #insert
  readonly #progress
  readonly #claim
  readonly #delete

  /** @param session identifies this run of the program; process ids come around again */
  constructor(database: Database, session: string) {
    this.#session = session
    this.#list = database.prepare<[], Row>(
      `SELECT id, kind, title, model_path AS modelPath, request, started_at AS startedAt,
       tensors_done AS tensorsDone, tensors_total AS tensorsTotal, bytes_done AS bytesDone, bytes_total AS bytesTotal,
       owner_process AS ownerProcess, owner_session AS ownerSession FROM jobs ORDER BY started_at, id`,
    )
    this.#insert = database.prepare(
      `INSERT INTO jobs (id, kind, title, model_path, request, started_at, owner_process, owner_session)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#progress = database.prepare(
      'UPDATE jobs SET tensors_done = ?, tensors_total = ?, bytes_done = ?, bytes_total = ? WHERE id = ?',
    )
    this.#claim = database.prepare(
      'UPDATE jobs SET owner_process = ?, owner_session = ? WHERE id = ? AND owner_process = ? AND owner_session = ?',
    )
    this.#delete = database.prepare('DELETE FROM jobs WHERE id = ?')
  }

  add(job: UnfinishedJob): void {
    const { id, kind, title, modelPath, request, startedAt } = job
    this.#insert.run(id, kind, title, modelPath, request, startedAt, process.pid, this.#session)
  }

  storeProgress(id: string, { tensorsDone, tensorsTotal, bytesDone, bytesTotal }: JobProgress): void {
    this.#progress.run(tensorsDone, tensorsTotal, bytesDone, bytesTotal, id)
  }

  interrupted(): InterruptedJob[] {
    return this.#list.all().filter((row) => this.#isOrphan(row))
  }

  /** Takes an interrupted job over; false when another process was faster or it is gone. */
  claim(id: string): boolean {
    const row = this.#list.all().find((candidate) => candidate.id === id)
    if (!row || !this.#isOrphan(row)) return false
    const values = [process.pid, this.#session, id, row.ownerProcess, row.ownerSession]
    return this.#claim.run(...values).changes === 1
  }

  remove(id: string): void {
    this.#delete.run(id)
  }

  #isOrphan(row: Row): boolean {
    if (row.ownerSession === this.#session) return false
    return row.ownerProcess === process.pid || !isAlive(row.ownerProcess)
  }
}
