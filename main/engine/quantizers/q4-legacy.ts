/**
 * Q4_0 and Q4_1: 32 weights with 4-bit codes (packing: `legacy-codes.ts`).
 *
 *     Q4_0, 18 bytes                              Q4_1, 20 bytes
 *     0        2               18                 0        2        4               20
 *     [ d: f16 | nibbles       ]                  [ d: f16 | m: f16 | nibbles       ]
 *     weight = d * (code - 8)                     weight = d * code + m
 *
 * @see ggml-quants.c: quantize_row_q4_0_ref, quantize_row_q4_0_impl and the same of q4_1
 */
import { affineSearch } from './affine-search.ts'
import { halfToFloat } from '../tensor/half.ts'
import type { Format, QuantizeRow } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord } from './half-words.ts'
import { packNibbles } from './legacy-codes.ts'
import { legacyErrorWeights } from './optimal/ggml-weights.ts'
import { oneScaleSearch } from './optimal/one-scale.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { integerLevels } from './optimal/scaled-levels.ts'
import { quantizeAffineBlocks, quantizeSymmetricBlocks } from './legacy-quantize.ts'
import { affineBlockSearch, affineExhaustiveSearch } from './optimal/affine.ts'

const BLOCK = 32
const HALF = 16
const Q4_0_TYPE = ggmlType('Q4_0')
const Q4_0_BYTES = Q4_0_TYPE.blockBytes
const Q4_1_TYPE = ggmlType('Q4_1')
const Q4_1_BYTES = Q4_1_TYPE.blockBytes
const fround = Math.fround

const Q4_0_LAYOUT = { maximum: 8, blockBytes: Q4_0_BYTES, pack: packSymmetric }
const Q4_1_LAYOUT = {
  maximum: 15,
  blockBytes: Q4_1_BYTES,
  search: affineSearch(15, -0.9, 0.05, 36),
  pack: packAffine,
}

function packSymmetric(codes: Uint8Array, out: Uint8Array, to: number): void {
  packNibbles(codes, out, to + 2)
}

function packAffine(codes: Uint8Array, out: Uint8Array, to: number): void {
  packNibbles(codes, out, to + 4)
}

function dequantizeQ4_0(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += BLOCK, from += Q4_0_BYTES) {
    const scale = halfToFloat(readHalfWord(bytes, from))
    for (let j = 0; j < HALF; j += 1) {
      const pair = bytes[from + 2 + j] as number
      out[at + j] = scale * ((pair & 15) - 8)
      out[at + j + HALF] = scale * ((pair >>> 4) - 8)
    }
  }
}

function dequantizeQ4_1(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += BLOCK, from += Q4_1_BYTES) {
    const scale = halfToFloat(readHalfWord(bytes, from))
    const minimum = halfToFloat(readHalfWord(bytes, from + 2))
    for (let j = 0; j < HALF; j += 1) {
      const pair = bytes[from + 4 + j] as number
      out[at + j] = fround(scale * (pair & 15)) + minimum
      out[at + j + HALF] = fround(scale * (pair >>> 4)) + minimum
    }
  }
}

const quantizeQ4_0: QuantizeRow = (weights, importance, out) =>
  quantizeSymmetricBlocks(weights, importance, out, Q4_0_LAYOUT)

export const Q4_0: Format = {
  ...Q4_0_TYPE,
  family: 'legacy',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize: dequantizeQ4_0,
  methods: {
    reference: quantizeQ4_0,
    ...optimalMethods({ ...Q4_0_TYPE, dequantize: dequantizeQ4_0 }, quantizeQ4_0, {
      search: oneScaleSearch(integerLevels(-8, 7), packSymmetric),
      ggmlErrorWeights: legacyErrorWeights,
    }),
  },
}

function quantizeQ4_1(weights: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  quantizeAffineBlocks(weights, importance, out, Q4_1_LAYOUT)
}

export const Q4_1: Format = {
  ...Q4_1_TYPE,
  family: 'legacy',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0, 2] },
  needsImportance: false,
  dequantize: dequantizeQ4_1,
  methods: {
    reference: quantizeQ4_1,
    ...optimalMethods({ ...Q4_1_TYPE, dequantize: dequantizeQ4_1 }, quantizeQ4_1, {
      search: affineBlockSearch(Q4_1_LAYOUT),
      exhaustive: affineExhaustiveSearch(Q4_1_LAYOUT),
      ggmlErrorWeights: legacyErrorWeights,
    }),
  },
}
