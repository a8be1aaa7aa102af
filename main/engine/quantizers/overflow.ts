import type { Format } from './format.ts'
import { readHalfWord } from './half-words.ts'

/**
 * Byte place of the first 16-bit float in encoded blocks that is infinite or NaN, -1 if there is none.
 *
 * A format whose multi-byte words are not floats of 16 bits (F32) cannot overflow.
 */
export function findOverflow(format: Format, bytes: Uint8Array): number {
  const { blockBytes, name, scaleBits, words } = format
  if (words.width !== 2) return -1
  const exponent = name === 'BF16' ? 0x7f80 : 0x7c00
  if (blockBytes === 2) return findInValues(bytes, exponent)
  const overflows = (bits: number) => (bits & exponent) === exponent
  for (let block = 0; block < bytes.length; block += blockBytes) {
    if (scaleBits !== undefined) {
      if (overflows(scaleBits(bytes, block))) return block
      continue
    }
    for (const offset of words.offsets) {
      if (overflows(readHalfWord(bytes, block + offset))) return block + offset
    }
  }
  return -1
}

/** As {@link findOverflow}, where every word is one value: there are hundreds of times as many as scales. */
function findInValues(bytes: Uint8Array, exponent: number): number {
  const [low, high] = [exponent & 0xff, exponent >>> 8]
  for (let at = 0; at < bytes.length; at += 2) {
    if (((bytes[at + 1] as number) & high) === high && ((bytes[at] as number) & low) === low) return at
  }
  return -1
}
