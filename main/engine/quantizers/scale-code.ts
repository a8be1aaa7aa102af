import { nearestInt } from './rounding.ts'

const { fround } = Math

/** 4-bit code of a scale that decodes to unit * (1 + 2 code). */
export function scaleCode(inverseUnit: number, scale: number): number {
  const code = nearestInt(fround(0.5 * fround(fround(inverseUnit * scale) - 1)))
  return code < 0 ? 0 : code > 15 ? 15 : code
}

/**
 * Codes of scales, two to a byte, the first in its low half.
 *
 * @param scales f32[count], count even
 * @param out    u8, count / 2 bytes from `to` are written
 */
export function packScaleCodes(scales: Float32Array, unit: number, out: Uint8Array, to: number): void {
  const inverse = fround(1 / unit)
  for (let j = 0; j < scales.length; j += 2) {
    const low = scaleCode(inverse, scales[j] as number)
    const high = scaleCode(inverse, scales[j + 1] as number)
    out[to + j / 2] = low | (high << 4)
  }
}

/** Writes codes of 4 bits, count even, two to a byte, the first in its low half. */
export function writeCodePairs(codes: Uint8Array, out: Uint8Array, to: number): void {
  for (let j = 0; j < codes.length; j += 2)
    out[to + j / 2] = (codes[j] as number) | ((codes[j + 1] as number) << 4)
}
