import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** A folder that lives as long as the test file. */
export class TemporaryFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'quantaloupe-'))

  constructor() {
    afterAll(() => rmSync(this.path, { recursive: true, force: true }))
  }

  /** Writes a file and returns its path; `size` makes it longer without taking room on the disk. */
  write(name: string, content: Uint8Array | string, size?: number): string {
    const path = join(this.path, name)
    writeFileSync(path, content)
    if (size !== undefined) truncateSync(path, size)
    return path
  }
}
