import { statSync } from 'node:fs'

/** Changes when the file does; a file that is gone is reported by whoever reads it. */
export function fileStamp(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  return JSON.stringify([path, stats?.dev, stats?.ino, stats?.size, stats?.mtimeMs])
}
