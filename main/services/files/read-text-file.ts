import type { QuantaloupeError } from '../../engine/errors.ts'
import { FileBytes } from '../../engine/formats/file-bytes.ts'

/**
 * A whole text file.
 *
 * @param tooLarge thrown for a file of more than `maxBytes`
 * @throws QuantaloupeError those of `FileBytes`
 */
export function readTextFile(path: string, maxBytes: number, tooLarge: () => QuantaloupeError): string {
  return FileBytes.with(path, (file) => {
    if (file.size > maxBytes) throw tooLarge()
    return new TextDecoder().decode(file.read(0, file.size))
  })
}
