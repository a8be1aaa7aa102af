/**
 * Code packing of the 4- and 5-bit block formats with 32 weights.
 *
 *     nibbles   16 bytes; byte j holds weight j (low half) and weight j + 16 (high half)
 *     fifths    4 bytes before the nibbles, one bit per weight: the fifth bit of the code of weight j is bit j
 */
import { readHalfWord } from './half-words.ts'

export const LEGACY_BLOCK = 32
const HALF = 16

export function packNibbles(codes: Uint8Array, out: Uint8Array, to: number): void {
  for (let j = 0; j < HALF; j += 1) {
    out[to + j] = ((codes[j] as number) & 15) | ((codes[j + HALF] as number) << 4)
  }
}

export function packFifths(codes: Uint8Array, out: Uint8Array, to: number): void {
  let bits = 0
  for (let j = 0; j < LEGACY_BLOCK; j += 1) bits |= (((codes[j] as number) >>> 4) & 1) << j
  out[to] = bits
  out[to + 1] = bits >>> 8
  out[to + 2] = bits >>> 16
  out[to + 3] = bits >>> 24
}

export function readFifths(bytes: Uint8Array, from: number): number {
  return readHalfWord(bytes, from) | (readHalfWord(bytes, from + 2) << 16)
}
