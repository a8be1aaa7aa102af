import { firstTables } from './001-first-tables.ts'
import { jobProgress } from './002-job-progress.ts'
import { llamaMeasurements } from './003-llama-measurements.ts'

/** One step forward. A step that has been released is never edited; a change is a new step. */
export interface Migration {
  /** Equals the database's `user_version` once the step is done. */
  readonly number: number
  readonly sql: string
}

export const MIGRATIONS: readonly Migration[] = [firstTables, jobProgress, llamaMeasurements]
