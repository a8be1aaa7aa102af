import type { Format } from './format.ts'
import { readHalfWord } from './half-words.ts'

/**
 * Byte place of the first 16-bit float in encoded blocks that is infinite or NaN, -1 if there is none.
 *
 * A format whose multi-byte words are not floats of 16 bits (F32) cannot overflow.
 */
export function findOverflow(format: Format, bytes: Uint8Array): number {
  if (format.words.width !== 2) return -1
  const exponent = format.name === 'BF16' ? 0x7f80 : 0x7c00
  for (let block = 0; block < bytes.length; block += format.blockBytes) {
    for (const offset of format.words.offsets) {
      if ((readHalfWord(bytes, block + offset) & exponent) === exponent) return block + offset
    }
  }
  return -1
}
