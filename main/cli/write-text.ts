import { writeFileSync } from 'node:fs'
import { QuantaloupeError } from '../engine/errors.ts'

/** @throws QuantaloupeError `WRITE_FAILED` */
export function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new QuantaloupeError(
      'WRITE_FAILED',
      `The file can not be written (${reason})`,
      { place: path, remedy: 'Choose a folder that exists and that you may write to.' },
      { cause },
    )
  }
}
