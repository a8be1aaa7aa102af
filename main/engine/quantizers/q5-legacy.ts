/**
 * Q5_0 and Q5_1: 32 weights with 5-bit codes (packing: `legacy-codes.ts`).
 *
 *     Q5_0, 22 bytes                                     Q5_1, 24 bytes
 *     0        2        6               22               0        2        4        8               24
 *     [ d: f16 | fifths | nibbles       ]                [ d: f16 | m: f16 | fifths | nibbles       ]
 *     weight = d * (code - 16)                           weight = d * code + m
 *
 * @see ggml-quants.c: quantize_row_q5_0_ref, quantize_row_q5_0_impl and the same of q5_1
 */
import { affineSearch } from './affine-search.ts'
import { halfToFloat } from '../tensor/half.ts'
import type { Format, QuantizeRow } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord } from './half-words.ts'
import { packFifths, packNibbles, readFifths } from './legacy-codes.ts'
import { legacyErrorWeights } from './optimal/ggml-weights.ts'
import { oneScaleSearch } from './optimal/one-scale.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { integerLevels } from './optimal/scaled-levels.ts'
import { quantizeAffineBlocks, quantizeSymmetricBlocks } from './legacy-quantize.ts'
import { affineBlockSearch, affineExhaustiveSearch } from './optimal/affine.ts'

const BLOCK = 32
const HALF = 16
const Q5_0_TYPE = ggmlType('Q5_0')
const Q5_0_BYTES = Q5_0_TYPE.blockBytes
const Q5_1_TYPE = ggmlType('Q5_1')
const Q5_1_BYTES = Q5_1_TYPE.blockBytes
const fround = Math.fround

const Q5_0_LAYOUT = { maximum: 16, blockBytes: Q5_0_BYTES, pack: packSymmetric }
const Q5_1_LAYOUT = {
  maximum: 31,
  blockBytes: Q5_1_BYTES,
  search: affineSearch(31, -0.9, 0.05, 36),
  pack: packAffine,
}

function packSymmetric(codes: Uint8Array, out: Uint8Array, to: number): void {
  packFifths(codes, out, to + 2)
  packNibbles(codes, out, to + 6)
}

function packAffine(codes: Uint8Array, out: Uint8Array, to: number): void {
  packFifths(codes, out, to + 4)
  packNibbles(codes, out, to + 8)
}

function dequantizeQ5_0(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += BLOCK, from += Q5_0_BYTES) {
    const scale = halfToFloat(readHalfWord(bytes, from))
    const fifths = readFifths(bytes, from + 2)
    for (let j = 0; j < HALF; j += 1) {
      const pair = bytes[from + 6 + j] as number
      out[at + j] = scale * (((pair & 15) | (((fifths >>> j) & 1) << 4)) - 16)
      out[at + j + HALF] = scale * (((pair >>> 4) | (((fifths >>> (j + HALF)) & 1) << 4)) - 16)
    }
  }
}

function dequantizeQ5_1(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += BLOCK, from += Q5_1_BYTES) {
    const scale = halfToFloat(readHalfWord(bytes, from))
    const minimum = halfToFloat(readHalfWord(bytes, from + 2))
    const fifths = readFifths(bytes, from + 4)
    for (let j = 0; j < HALF; j += 1) {
      const pair = bytes[from + 8 + j] as number
      out[at + j] = fround(scale * ((pair & 15) | (((fifths >>> j) & 1) << 4))) + minimum
      const upper = (pair >>> 4) | (((fifths >>> (j + HALF)) & 1) << 4)
      out[at + j + HALF] = fround(scale * upper) + minimum
    }
  }
}

const quantizeQ5_0: QuantizeRow = (weights, importance, out) =>
  quantizeSymmetricBlocks(weights, importance, out, Q5_0_LAYOUT)

export const Q5_0: Format = {
  ...Q5_0_TYPE,
  family: 'legacy',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize: dequantizeQ5_0,
  methods: {
    reference: quantizeQ5_0,
    ...optimalMethods({ ...Q5_0_TYPE, dequantize: dequantizeQ5_0 }, quantizeQ5_0, {
      search: oneScaleSearch(integerLevels(-16, 15), packSymmetric),
      ggmlErrorWeights: legacyErrorWeights,
    }),
  },
}

function quantizeQ5_1(weights: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  quantizeAffineBlocks(weights, importance, out, Q5_1_LAYOUT)
}

export const Q5_1: Format = {
  ...Q5_1_TYPE,
  family: 'legacy',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0, 2] },
  needsImportance: false,
  dequantize: dequantizeQ5_1,
  methods: {
    reference: quantizeQ5_1,
    ...optimalMethods({ ...Q5_1_TYPE, dequantize: dequantizeQ5_1 }, quantizeQ5_1, {
      search: affineBlockSearch(Q5_1_LAYOUT),
      exhaustive: affineExhaustiveSearch(Q5_1_LAYOUT),
      ggmlErrorWeights: legacyErrorWeights,
    }),
  },
}
