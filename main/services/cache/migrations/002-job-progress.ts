import type { Migration } from './index.ts'

/** How far a job came, so that one that was interrupted can show it. */
export const jobProgress: Migration = {
  number: 2,
  sql: `
    ALTER TABLE jobs ADD COLUMN tensors_done INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN tensors_total INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN bytes_done INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN bytes_total INTEGER NOT NULL DEFAULT 0;
  `,
}
