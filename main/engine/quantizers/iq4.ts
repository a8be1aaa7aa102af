/**
 * IQ4_NL and IQ4_XS: 4-bit codes that name one of 16 unevenly spaced levels (`iq4-levels.ts`).
 *
 *     IQ4_NL, 32 weights in 18 bytes
 *     0        2              18
 *     [ d: f16 | nibbles      ]                                   weight = d * level
 *
 *     IQ4_XS, 256 weights in 136 bytes, eight sub-blocks of 32
 *     0        2               4                8                             136
 *     [ d: f16 | high: 8 x 2 b | low: 8 x 4 b   | nibbles, 8 x 16 bytes       ]
 *     scale = 6 bits - 32, weight = (d * scale) * level
 *
 * Weights i and i + 16 of a (sub-)block share byte i, the first in the low half.
 *
 * @see ggml-quants.c: quantize_row_iq4_nl_impl, quantize_iq4_nl, quantize_iq4_xs
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { LEVEL_BLOCK, levelCode, LEVELS, searchLevelScale } from './iq4-levels.ts'
import { packNibbles } from './legacy-codes.ts'
import type { SearchedBlock } from './optimal/block-search.ts'
import { levelBlockErrorWeights } from './optimal/ggml-weights.ts'
import { nestedLayout } from './optimal/nested-layout.ts'
import { nestedSearch } from './optimal/nested-search.ts'
import { squareErrorWeights } from './optimal/objectives.ts'
import { oneScaleSearch } from './optimal/one-scale.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { scaledLevels } from './optimal/scaled-levels.ts'
import { nearestInt } from './rounding.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'

const { fround, abs } = Math
const HALF = LEVEL_BLOCK / 2
const SUPER_BLOCK = 256
const SUB_BLOCKS = SUPER_BLOCK / LEVEL_BLOCK
const NL_TYPE = ggmlType('IQ4_NL')
const NL_BYTES = NL_TYPE.blockBytes
const NL_NIBBLES = 2
const XS_TYPE = ggmlType('IQ4_XS')
const XS_BYTES = XS_TYPE.blockBytes
const HIGH = 2
const LOW = 4
const XS_NIBBLES = 8

const errorWeights = new Float32Array(LEVEL_BLOCK)
const scales = new Float32Array(SUB_BLOCKS)
const levels = Float32Array.from(LEVELS)

/** Scale of 32 weights; `variance` is twice the mean square of the block that d belongs to. */
function searchScale(x: Float32Array, at: number, importance: Float32Array | null, variance: number): number {
  if (importance !== null) importanceWeights(x, at, LEVEL_BLOCK, importance, variance, errorWeights)
  else
    for (let i = 0; i < LEVEL_BLOCK; i += 1) errorWeights[i] = (x[at + i] as number) * (x[at + i] as number)
  return searchLevelScale(x, at, errorWeights)
}

function packCodes(x: Float32Array, at: number, inverse: number, out: Uint8Array, to: number): void {
  for (let i = 0; i < HALF; i += 1) {
    const low = levelCode(fround(inverse * (x[at + i] as number)))
    out[to + i] = low | (levelCode(fround(inverse * (x[at + HALF + i] as number))) << 4)
  }
}

/** 1 / scale, but 0 where the scale is 0; NaN stays NaN. */
function inverseOf(scale: number): number {
  return scale === 0 ? 0 : fround(1 / scale)
}

function quantizeNl(x: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += LEVEL_BLOCK, to += NL_BYTES) {
    const variance = fround(sumOfSquares(x, at, LEVEL_BLOCK) * (2 / LEVEL_BLOCK))
    const scale = searchScale(x, at, importance, variance)
    writeHalfWord(floatToHalf(scale), out, to)
    packCodes(x, at, inverseOf(scale), out, to + NL_NIBBLES)
  }
}

/** The sub-block scale of largest magnitude takes the code -32; the scales it is measured with are not rounded to f16. */
function quantizeXs(x: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += XS_BYTES) {
    const variance = fround(sumOfSquares(x, at, SUPER_BLOCK) * (2 / SUPER_BLOCK))
    let extreme = 0
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const scale = searchScale(x, at + LEVEL_BLOCK * j, importance, variance)
      scales[j] = scale
      if (abs(scale) > abs(extreme)) extreme = scale
    }
    const d = fround(-extreme / 32)
    const inverse = inverseOf(d)
    writeHalfWord(floatToHalf(d), out, to)
    out.fill(0, to + HIGH, to + XS_NIBBLES)
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const rounded = nearestInt(fround(inverse * (scales[j] as number)))
      const code = Math.max(-32, Math.min(31, rounded))
      const nibbles = to + XS_NIBBLES + HALF * j
      packCodes(x, at + LEVEL_BLOCK * j, inverseOf(fround(d * code)), out, nibbles)
      writeScaleCode(code + 32, j, out, to)
    }
  }
}

function writeScaleCode(code: number, j: number, out: Uint8Array, to: number): void {
  const low = to + LOW + (j >> 1)
  const high = to + HIGH + (j >> 2)
  out[low] = (out[low] as number) | ((code & 15) << (4 * (j & 1)))
  out[high] = (out[high] as number) | ((code >> 4) << (2 * (j & 3)))
}

function readScaleCode(bytes: Uint8Array, from: number, j: number): number {
  const low = ((bytes[from + LOW + (j >> 1)] as number) >> (4 * (j & 1))) & 15
  const high = ((bytes[from + HIGH + (j >> 2)] as number) >> (2 * (j & 3))) & 3
  return low | (high << 4)
}

function unpack(bytes: Uint8Array, from: number, scale: number, out: Float32Array, at: number): void {
  for (let i = 0; i < HALF; i += 1) {
    const pair = bytes[from + i] as number
    out[at + i] = scale * (levels[pair & 15] as number)
    out[at + HALF + i] = scale * (levels[pair >>> 4] as number)
  }
}

function dequantizeNl(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += LEVEL_BLOCK, from += NL_BYTES) {
    unpack(bytes, from + NL_NIBBLES, halfToFloat(readHalfWord(bytes, from)), out, at)
  }
}

function dequantizeXs(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += XS_BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from))
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const scale = fround(d * (readScaleCode(bytes, from, j) - 32))
      unpack(bytes, from + XS_NIBBLES + HALF * j, scale, out, at + LEVEL_BLOCK * j)
    }
  }
}

const searchNested = nestedSearch(nestedLayout({ levels: LEVELS, subBlock: LEVEL_BLOCK, reach: 32 }))
const superBlockCodes = new Uint8Array(SUPER_BLOCK)
const signedScales = new Int8Array(SUB_BLOCKS)

function searchXs({ weights, errorWeights: counts }: SearchedBlock, out: Uint8Array): void {
  writeHalfWord(searchNested(weights, counts, superBlockCodes, signedScales), out, 0)
  out.fill(0, HIGH, XS_NIBBLES)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    writeScaleCode((signedScales[j] as number) + 32, j, out, 0)
    for (let i = 0; i < HALF; i += 1) {
      const low = superBlockCodes[LEVEL_BLOCK * j + i] as number
      const high = superBlockCodes[LEVEL_BLOCK * j + HALF + i] as number
      out[XS_NIBBLES + HALF * j + i] = low | (high << 4)
    }
  }
}

function ggmlErrorWeightsXs(row: Float32Array, importance: Float32Array | null, out: Float64Array): void {
  if (importance === null) return squareErrorWeights(row, importance, out)
  for (let at = 0; at < row.length; at += SUPER_BLOCK) {
    const variance = fround(sumOfSquares(row, at, SUPER_BLOCK) * (2 / SUPER_BLOCK))
    for (let start = at; start < at + SUPER_BLOCK; start += LEVEL_BLOCK) {
      importanceWeights(row, start, LEVEL_BLOCK, importance, variance, errorWeights)
      out.set(errorWeights, start)
    }
  }
}

export const IQ4_NL: Format = {
  ...NL_TYPE,
  family: 'i',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize: dequantizeNl,
  methods: {
    reference: quantizeNl,
    ...optimalMethods({ ...NL_TYPE, dequantize: dequantizeNl }, quantizeNl, {
      search: oneScaleSearch(scaledLevels(LEVELS), (codes, out, to) =>
        packNibbles(codes, out, to + NL_NIBBLES),
      ),
      ggmlErrorWeights: levelBlockErrorWeights,
    }),
  },
}

export const IQ4_XS: Format = {
  ...XS_TYPE,
  family: 'i',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0, HIGH] },
  scaleBits: readHalfWord,
  needsImportance: false,
  dequantize: dequantizeXs,
  methods: {
    reference: quantizeXs,
    ...optimalMethods({ ...XS_TYPE, dequantize: dequantizeXs }, quantizeXs, {
      search: searchXs,
      ggmlErrorWeights: ggmlErrorWeightsXs,
    }),
  },
}
