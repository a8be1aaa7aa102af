/** Two bytes, little endian: where blocks keep their f16 scales. */
export function readHalfWord(bytes: Uint8Array, from: number): number {
  return (bytes[from] as number) | ((bytes[from + 1] as number) << 8)
}

export function writeHalfWord(value: number, out: Uint8Array, to: number): void {
  out[to] = value
  out[to + 1] = value >>> 8
}
