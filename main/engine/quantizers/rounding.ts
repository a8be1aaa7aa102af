const floatCell = new Float32Array(1)
const intCell = new Int32Array(floatCell.buffer)

/**
 * Rounds to the nearest integer, ties to even, by adding 1.5 * 2^23 in single precision and reading the fraction bits.
 *
 * Outside +-(2^22 - 1) the bits mean nothing, but they are the same bits as ggml's, so that overflowing scales
 * end in the same codes; NaN gives 0, infinity -2^22.
 *
 * @see ggml-quants.c, nearest_int
 */
export function nearestInt(value: number): number {
  floatCell[0] = value + 12582912
  return ((intCell[0] as number) & 0x7fffff) - 0x400000
}

/** Added to and taken from a double of moderate size, this rounds it to the nearest integer, ties to even. */
export const ROUNDER = 1.5 * 2 ** 52
