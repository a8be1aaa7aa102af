/**
 * Q2_K: 256 weights in 84 bytes, sixteen sub-blocks of 16.
 *
 *     0                           16                                       80        82         84
 *     [ 4-bit scales and minima   | 2-bit codes, 2 halves of 32 bytes      | d: f16  | dmin: f16 ]
 *
 * Byte j of the first part holds the scale (low half) and the minimum (high half) of sub-block j. Byte i of half h
 * holds the codes of weights 128h + i, + 32, + 64 and + 96, from the low bits up.
 * weight = (d * scale) * code - (dmin * minimum)
 *
 * @see ggml-quants.c: quantize_row_q2_K_ref, quantize_row_q2_K_impl
 */
import { affineSearch } from './affine-search.ts'
import type { Format, QuantizeRow } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import {
  type AffineLayout,
  quantizeSuperBlocks,
  readSubBlocks,
  type ScaleLayout,
  SUPER_BLOCK,
} from './k-affine.ts'
import { kAffineErrorWeights } from './optimal/k-affine-error-weights.ts'
import { kAffineSearch } from './optimal/k-affine-search.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'

const TYPE = ggmlType('Q2_K')
const BYTES = TYPE.blockBytes
const SUB_BLOCK = 16
const CODES = 16
const WORDS = 80
const { abs, fround } = Math

const FOUR_BIT_SCALES: ScaleLayout = {
  subBlock: SUB_BLOCK,
  maximum: 15,
  words: WORDS,
  codes: 0,
  pack: packScales,
  readScale: (bytes, from, j) => (bytes[from + j] as number) & 15,
  readMinimum: (bytes, from, j) => (bytes[from + j] as number) >>> 4,
}

const LAYOUT: AffineLayout = {
  blockBytes: BYTES,
  scales: FOUR_BIT_SCALES,
  plainSearch: affineSearch(3, -0.5, 0.1, 15, 'absolute'),
  weightedSearch: affineSearch(3, -0.9, 0.05, 36),
  plainWeights: absoluteWeights,
  varianceFactor: 1,
  limitsScaleCodes: { plain: false, weighted: false },
  pack,
}

function absoluteWeights(x: Float32Array, at: number, out: Float32Array): void {
  for (let i = 0; i < SUB_BLOCK; i += 1) out[i] = abs(x[at + i] as number)
}

/** A scale code above 15 spills into the minimum, as in ggml's bytes. */
function packScales(scales: Uint8Array, minima: Uint8Array, out: Uint8Array, to: number): void {
  for (let j = 0; j < 16; j += 1) out[to + j] = (scales[j] as number) | ((minima[j] as number) << 4)
}

function pack(codes: Uint8Array, out: Uint8Array, to: number): void {
  for (let half = 0; half < 2; half += 1) {
    for (let i = 0; i < 32; i += 1) {
      const from = 128 * half + i
      const low = (codes[from] as number) | ((codes[from + 32] as number) << 2)
      const high = (codes[from + 64] as number) | ((codes[from + 96] as number) << 2)
      out[to + CODES + 32 * half + i] = low | (high << 4)
    }
  }
}

const scale = new Float32Array(16)
const offset = new Float32Array(16)

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    readSubBlocks(bytes, from, FOUR_BIT_SCALES, scale, offset)
    for (let j = 0; j < 16; j += 1) {
      const base = from + CODES + 32 * (j >>> 3) + 16 * (j & 1)
      const shift = j & 6
      const subScale = scale[j] as number
      const subOffset = offset[j] as number
      for (let i = 0; i < SUB_BLOCK; i += 1) {
        const code = ((bytes[base + i] as number) >>> shift) & 3
        out[at + SUB_BLOCK * j + i] = fround(subScale * code) - subOffset
      }
    }
  }
}

const reference: QuantizeRow = (weights, importance, out) => {
  quantizeSuperBlocks(weights, importance, out, LAYOUT)
}

export const Q2_K: Format = {
  ...TYPE,
  family: 'k',
  target: 'llama.cpp',
  words: { width: 2, offsets: [WORDS, WORDS + 2] },
  needsImportance: false,
  dequantize,
  methods: {
    reference,
    ...optimalMethods({ ...TYPE, dequantize }, reference, {
      search: kAffineSearch(LAYOUT),
      ggmlErrorWeights: kAffineErrorWeights(LAYOUT),
    }),
  },
}
