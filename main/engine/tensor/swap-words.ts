import type { StoredType } from '../quantizers/format.ts'

/** Reverses the bytes of every multi-byte word of whole blocks, in place: big endian to little and back. */
export function swapWords(bytes: Uint8Array, type: Pick<StoredType, 'blockBytes' | 'words'>): void {
  const { width, offsets } = type.words
  for (let block = 0; block < bytes.length; block += type.blockBytes) {
    for (const offset of offsets) reverse(bytes, block + offset, width)
  }
}

function reverse(bytes: Uint8Array, start: number, width: number): void {
  for (let low = start, high = start + width - 1; low < high; low += 1, high -= 1) {
    const byte = bytes[low] as number
    bytes[low] = bytes[high] as number
    bytes[high] = byte
  }
}
