/**
 * Q5_K: 256 weights in 176 bytes, eight sub-blocks of 32.
 *
 *     0        2           4                       16           48                              176
 *     [ d: f16 | dmin: f16 | 6-bit scales, minima  | fifth bits | nibbles, 4 groups of 32 bytes ]
 *
 * Group g holds sub-block 2g in its low halves and 2g + 1 in its high halves; bit s of fifth-bit byte i
 * belongs to weight i of sub-block s.
 * weight = (d * scale) * code - (dmin * minimum)
 */
import { affineSearch } from './affine-search.ts'
import type { Format, QuantizeRow } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { type AffineLayout, quantizeSuperBlocks, readSubBlocks, SUPER_BLOCK } from './k-affine.ts'
import { SIX_BIT_SCALES } from './k-scales.ts'
import { kAffineErrorWeights } from './optimal/k-affine-error-weights.ts'
import { kAffineSearch } from './optimal/k-affine-search.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { magnitudeWeights } from './weighting.ts'

const TYPE = ggmlType('Q5_K')
const BYTES = TYPE.blockBytes
const FIFTHS = 16
const NIBBLES = 48
const fround = Math.fround

const LAYOUT: AffineLayout = {
  blockBytes: BYTES,
  scales: SIX_BIT_SCALES,
  plainSearch: affineSearch(31, -0.5, 0.1, 15),
  weightedSearch: affineSearch(31, -0.9, 0.05, 36),
  plainWeights: magnitudeWeights,
  varianceFactor: 2,
  limitsScaleCodes: { plain: true, weighted: true },
  pack,
}

function pack(codes: Uint8Array, out: Uint8Array, to: number): void {
  for (let i = 0; i < 32; i += 1) {
    let fifths = 0
    for (let group = 0; group < 4; group += 1) {
      const low = codes[64 * group + i] as number
      const high = codes[64 * group + 32 + i] as number
      out[to + NIBBLES + 32 * group + i] = (low & 15) | ((high & 15) << 4)
      fifths |= ((low >>> 4) | ((high >>> 4) << 1)) << (2 * group)
    }
    out[to + FIFTHS + i] = fifths
  }
}

const scale = new Float32Array(8)
const offset = new Float32Array(8)

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    readSubBlocks(bytes, from, SIX_BIT_SCALES, scale, offset)
    for (let group = 0; group < 4; group += 1) {
      const lowScale = scale[2 * group] as number
      const lowOffset = offset[2 * group] as number
      const highScale = scale[2 * group + 1] as number
      const highOffset = offset[2 * group + 1] as number
      const base = from + NIBBLES + 32 * group
      const start = at + 64 * group
      for (let i = 0; i < 32; i += 1) {
        const pair = bytes[base + i] as number
        const fifths = (bytes[from + FIFTHS + i] as number) >>> (2 * group)
        out[start + i] = fround(lowScale * ((pair & 15) | ((fifths & 1) << 4))) - lowOffset
        out[start + 32 + i] = fround(highScale * ((pair >>> 4) | ((fifths & 2) << 3))) - highOffset
      }
    }
  }
}

const reference: QuantizeRow = (weights, importance, out) => {
  quantizeSuperBlocks(weights, importance, out, LAYOUT)
}

export const Q5_K: Format = {
  ...TYPE,
  family: 'k',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0, 2] },
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
