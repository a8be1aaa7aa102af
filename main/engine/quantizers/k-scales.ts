/**
 * The 12 bytes that hold eight 6-bit scales and eight 6-bit minima of a Q4_K or Q5_K super-block.
 *
 *     byte      0 ... 3            4 ... 7            8 ... 11
 *     bits 0-5  scale 0 ... 3      minimum 0 ... 3    low halves: scale 4 ... 7 | minimum 4 ... 7
 *     bits 6-7  scale 4 ... 7      minimum 4 ... 7    (two high bits)
 *
 * @see ggml-quants.c, get_scale_min_k4
 */
import type { ScaleLayout } from './k-affine.ts'

/** Codes above 63 lose their upper bits as in ggml's bytes. */
function packScales(scales: Uint8Array, minima: Uint8Array, out: Uint8Array, to: number): void {
  for (let j = 0; j < 4; j += 1) {
    const scale = scales[j + 4] as number
    const minimum = minima[j + 4] as number
    out[to + j] = (scales[j] as number) | ((scale >>> 4) << 6)
    out[to + j + 4] = (minima[j] as number) | ((minimum >>> 4) << 6)
    out[to + j + 8] = (scale & 15) | ((minimum & 15) << 4)
  }
}

function readScale(bytes: Uint8Array, from: number, j: number): number {
  if (j < 4) return (bytes[from + j] as number) & 63
  return ((bytes[from + j + 4] as number) & 15) | (((bytes[from + j - 4] as number) >>> 6) << 4)
}

function readMinimum(bytes: Uint8Array, from: number, j: number): number {
  if (j < 4) return (bytes[from + j + 4] as number) & 63
  return ((bytes[from + j + 4] as number) >>> 4) | (((bytes[from + j] as number) >>> 6) << 4)
}

export const SIX_BIT_SCALES: ScaleLayout = {
  subBlock: 32,
  maximum: 63,
  words: 0,
  codes: 4,
  pack: packScales,
  readScale,
  readMinimum,
}
