import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { QuantaloupeError } from '../engine/errors.ts'

/** Names the process that removes it. */
const NAME = /^llama-reference-(\d+)-[\da-f-]+\.tmp$/

/**
 * A path for the reference's logits, in a folder that is made when missing; what killed runs left there is removed.
 *
 * @throws QuantaloupeError `FILE_NOT_WRITABLE`
 */
export function newRecordPath(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true })
    removeLeftovers(folder)
  } catch (cause) {
    throw new QuantaloupeError(
      'FILE_NOT_WRITABLE',
      'The folder for temporary files cannot be used',
      { place: folder, remedy: 'Choose a folder that may be written to.' },
      { cause },
    )
  }
  return join(folder, `llama-reference-${process.pid}-${randomUUID()}.tmp`)
}

function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const owner = NAME.exec(name)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) rmSync(join(folder, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is alive as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
