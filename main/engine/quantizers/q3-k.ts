/**
 * Q3_K: 256 weights in 110 bytes, sixteen sub-blocks of 16.
 *
 *     0                 32                 96            108      110
 *     [ high bits       | low 2 bits       | 6-bit scales | d: f16 ]
 *
 * high bits   byte i, bit k: code i + 32 k                                                  (k = 0 ... 7)
 * low bits    byte 32 h + i: codes 128 h + i, + 32, + 64, + 96, two bits each, lowest first (h = 0, 1)
 * scales      byte j = 0 ... 7: low halves of scale j | scale j + 8
 *             byte 8 + j: two high bits of scales j, j + 4, j + 8, j + 12, lowest first     (j = 0 ... 3)
 * weight = (d * (scale - 32)) * (code - 4)
 *
 * @see ggml-quants.c: quantize_row_q3_K_ref, quantize_row_q3_K_impl
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import type { SearchedBlock } from './optimal/block-search.ts'
import { nestedLayout, wholeLevels } from './optimal/nested-layout.ts'
import { nestedSearch } from './optimal/nested-search.ts'
import { squareErrorWeights } from './optimal/objectives.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { searchRefined } from './refined-search.ts'
import { nearestInt } from './rounding.ts'
import { searchSymmetric } from './symmetric-search.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'

const { fround, abs } = Math

const SUPER_BLOCK = 256
const SUB_BLOCK = 16
const SUB_BLOCKS = 16
const MAX_CODE = 4
const MAX_SCALE = 32
const TYPE = ggmlType('Q3_K')
const BYTES = TYPE.blockBytes
const LOW = 32
const SCALES = 96
const D = 108

const codes = new Uint8Array(SUPER_BLOCK)
const scales = new Float32Array(SUB_BLOCKS)
const scaleCodes = new Uint8Array(SUB_BLOCKS)
const errorWeights = new Float32Array(SUB_BLOCK)
const weightSums = new Float32Array(SUB_BLOCKS)

function quantize(x: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += BYTES) {
    const d = importance === null ? chooseScales(x, at) : chooseWeightedScales(x, at, importance)
    writeHalfWord(floatToHalf(d), out, to + D)
    packScales(out, to + SCALES)
    encodeWithStoredScales(x, at, halfToFloat(readHalfWord(out, to + D)))
    packCodes(out, to)
  }
}

/** Without importance: each sub-block by itself; the scale of largest magnitude takes the lowest code. Returns d. */
function chooseScales(x: Float32Array, at: number): number {
  let magnitude = 0
  let extreme = 0
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const scale = searchRefined(x, at + SUB_BLOCK * j, SUB_BLOCK, MAX_CODE, codes, SUB_BLOCK * j)
    scales[j] = scale
    if (abs(scale) > magnitude) {
      magnitude = abs(scale)
      extreme = scale
    }
  }
  if (extreme === 0) {
    scaleCodes.fill(0)
    return 0
  }
  const inverse = fround(-MAX_SCALE / extreme)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const code = nearestInt(fround(inverse * (scales[j] as number)))
    scaleCodes[j] = Math.min(MAX_SCALE - 1, code) + MAX_SCALE
  }
  return fround(1 / inverse)
}

/** With importance: the scales are searched for like weights, each as heavy as its sub-block. Returns d. */
function chooseWeightedScales(x: Float32Array, at: number, importance: Float32Array): number {
  const variance = fround(fround(2 * sumOfSquares(x, at, SUPER_BLOCK)) / SUPER_BLOCK)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const start = at + SUB_BLOCK * j
    importanceWeights(x, start, SUB_BLOCK, importance, variance, errorWeights)
    let sum = 0
    for (let i = 0; i < SUB_BLOCK; i += 1) sum = fround(sum + (errorWeights[i] as number))
    weightSums[j] = sum
    scales[j] = searchSymmetric(x, start, SUB_BLOCK, MAX_CODE, errorWeights, 0, codes, SUB_BLOCK * j)
  }
  return searchSymmetric(scales, 0, SUB_BLOCKS, MAX_SCALE, weightSums, 0, scaleCodes, 0)
}

function packScales(out: Uint8Array, to: number): void {
  for (let j = 0; j < 8; j += 1) {
    out[to + j] = ((scaleCodes[j] as number) & 15) | (((scaleCodes[j + 8] as number) & 15) << 4)
  }
  for (let j = 0; j < 4; j += 1) {
    let bits = 0
    for (let k = 0; k < 4; k += 1) bits |= ((scaleCodes[j + 4 * k] as number) >>> 4) << (2 * k)
    out[to + 8 + j] = bits
  }
}

/** The signed scale of sub-block j of the block at `from`. */
function readScale(bytes: Uint8Array, from: number, j: number): number {
  const pair = bytes[from + SCALES + (j & 7)] as number
  const high = ((bytes[from + SCALES + 8 + (j & 3)] as number) >>> (2 * (j >>> 2))) & 3
  return ((j < 8 ? pair & 15 : pair >>> 4) | (high << 4)) - MAX_SCALE
}

/** Rounds every weight to the nearest code under the scales as stored; a scale of 0 keeps the search's codes. */
function encodeWithStoredScales(x: Float32Array, at: number, d: number): void {
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const scale = fround(d * ((scaleCodes[j] as number) - MAX_SCALE))
    if (scale === 0) continue
    for (let i = SUB_BLOCK * j; i < SUB_BLOCK * (j + 1); i += 1) {
      const code = nearestInt(fround((x[at + i] as number) / scale)) + MAX_CODE
      codes[i] = code < 0 ? 0 : code >= 2 * MAX_CODE ? 2 * MAX_CODE - 1 : code
    }
  }
}

function packCodes(out: Uint8Array, to: number): void {
  for (let i = 0; i < 32; i += 1) {
    let bits = 0
    for (let k = 0; k < 8; k += 1) bits |= ((codes[i + 32 * k] as number) >>> 2) << k
    out[to + i] = bits
  }
  for (let half = 0; half < 2; half += 1) {
    for (let i = 0; i < 32; i += 1) {
      let bits = 0
      for (let k = 0; k < 4; k += 1) bits |= ((codes[128 * half + i + 32 * k] as number) & 3) << (2 * k)
      out[to + LOW + 32 * half + i] = bits
    }
  }
}

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from + D))
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const scale = fround(d * readScale(bytes, from, j))
      const column = SUB_BLOCK * (j & 1)
      const high = from + column
      const low = from + LOW + 32 * (j >>> 3) + column
      const bit = j >>> 1
      const shift = 2 * (bit & 3)
      const start = at + SUB_BLOCK * j
      for (let i = 0; i < SUB_BLOCK; i += 1) {
        const upper = ((bytes[high + i] as number) >>> bit) & 1
        out[start + i] = scale * (((((bytes[low + i] as number) >>> shift) & 3) | (upper << 2)) - MAX_CODE)
      }
    }
  }
}

const searchNested = nestedSearch(
  nestedLayout({ levels: wholeLevels(MAX_CODE), subBlock: SUB_BLOCK, reach: MAX_SCALE }),
)
const signedScales = new Int8Array(SUB_BLOCKS)

function search({ weights, errorWeights: counts }: SearchedBlock, out: Uint8Array): void {
  writeHalfWord(searchNested(weights, counts, codes, signedScales), out, D)
  for (let j = 0; j < SUB_BLOCKS; j += 1) scaleCodes[j] = (signedScales[j] as number) + MAX_SCALE
  packScales(out, SCALES)
  packCodes(out, 0)
}

function ggmlErrorWeights(row: Float32Array, importance: Float32Array | null, out: Float64Array): void {
  if (importance === null) return squareErrorWeights(row, importance, out)
  for (let at = 0; at < row.length; at += SUPER_BLOCK) {
    const variance = fround(fround(2 * sumOfSquares(row, at, SUPER_BLOCK)) / SUPER_BLOCK)
    for (let start = at; start < at + SUPER_BLOCK; start += SUB_BLOCK) {
      importanceWeights(row, start, SUB_BLOCK, importance, variance, errorWeights)
      out.set(errorWeights, start)
    }
  }
}

export const Q3_K: Format = {
  ...TYPE,
  family: 'k',
  target: 'llama.cpp',
  words: { width: 2, offsets: [D] },
  needsImportance: false,
  dequantize,
  methods: {
    reference: quantize,
    ...optimalMethods({ ...TYPE, dequantize }, quantize, { search, ggmlErrorWeights }),
  },
}
