/**
 * Q6_K: 256 weights in 210 bytes, sixteen sub-blocks of 16.
 *
 *     0                          128                     192                  208       210
 *     [ low 4 bits of the codes  | high 2 bits           | scales: 16 x i8    | d: f16  ]
 *
 * Per half of 128 weights h (64 low bytes, 32 high bytes), for i = 0 ... 31:
 *     low[i]      = code i      | code i + 64 << 4
 *     low[i + 32] = code i + 32 | code i + 96 << 4
 *     high[i]     = two bits each of codes i, i + 32, i + 64, i + 96, lowest first
 * weight = (d * scale) * (code - 32)
 *
 * @see ggml-quants.c: quantize_row_q6_K_ref, quantize_row_q6_K_impl
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import type { SearchedBlock } from './optimal/block-search.ts'
import { nestedLayout, wholeLevels } from './optimal/nested-layout.ts'
import { nestedSearch } from './optimal/nested-search.ts'
import { type ErrorWeights, plainErrorWeights, squareErrorWeights } from './optimal/objectives.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { nearestInt } from './rounding.ts'
import { ALL_ZERO, searchSymmetric } from './symmetric-search.ts'

const { fround, abs } = Math

const SUPER_BLOCK = 256
const SUB_BLOCK = 16
const SUB_BLOCKS = 16
const TYPE = ggmlType('Q6_K')
const BYTES = TYPE.blockBytes
const HIGH = 128
const SCALES = 192
const D = 208

const codes = new Uint8Array(SUPER_BLOCK)
const scales = new Float32Array(SUB_BLOCKS)

/** Importance weighs each sub-block's search as it is; without it the squared weights do. */
function quantize(x: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += BYTES) {
    const extreme = chooseScales(x, at, importance)
    if (abs(extreme) < ALL_ZERO) {
      out.fill(0, to, to + BYTES)
      continue
    }
    const inverse = fround(-128 / extreme)
    writeHalfWord(floatToHalf(fround(1 / inverse)), out, to + D)
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      out[to + SCALES + j] = Math.min(127, nearestInt(fround(inverse * (scales[j] as number))))
    }
    encodeWithStoredScales(x, at, out, to)
    pack(out, to)
  }
}

/** Fills codes and scales of the sub-blocks; returns the scale of largest magnitude. */
function chooseScales(x: Float32Array, at: number, importance: Float32Array | null): number {
  let magnitude = 0
  let extreme = 0
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const start = at + SUB_BLOCK * j
    const scale = searchSymmetric(x, start, SUB_BLOCK, 32, importance, start, codes, SUB_BLOCK * j)
    scales[j] = scale
    if (abs(scale) > magnitude) {
      magnitude = abs(scale)
      extreme = scale
    }
  }
  return extreme
}

/** Rounds every weight to the nearest code under the scales as stored; a scale of 0 keeps the search's codes. */
function encodeWithStoredScales(x: Float32Array, at: number, out: Uint8Array, to: number): void {
  const d = halfToFloat(readHalfWord(out, to + D))
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const scale = fround(d * signedByte(out[to + SCALES + j] as number))
    if (scale === 0) continue
    for (let i = SUB_BLOCK * j; i < SUB_BLOCK * (j + 1); i += 1) {
      const code = nearestInt(fround((x[at + i] as number) / scale))
      codes[i] = (code < -32 ? -32 : code > 31 ? 31 : code) + 32
    }
  }
}

function signedByte(byte: number): number {
  return (byte << 24) >> 24
}

function pack(out: Uint8Array, to: number): void {
  for (let half = 0; half < 2; half += 1) {
    const low = to + 64 * half
    const high = to + HIGH + 32 * half
    for (let i = 0; i < 32; i += 1) {
      const first = codes[128 * half + i] as number
      const second = codes[128 * half + i + 32] as number
      const third = codes[128 * half + i + 64] as number
      const fourth = codes[128 * half + i + 96] as number
      out[low + i] = (first & 15) | ((third & 15) << 4)
      out[low + i + 32] = (second & 15) | ((fourth & 15) << 4)
      out[high + i] = (first >>> 4) | ((second >>> 4) << 2) | ((third >>> 4) << 4) | ((fourth >>> 4) << 6)
    }
  }
}

const products = new Float32Array(SUB_BLOCKS)

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from + D))
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      products[j] = d * signedByte(bytes[from + SCALES + j] as number)
    }
    for (let part = 0; part < 4; part += 1) {
      // 16 columns of a half: the sub-blocks part, part + 2, part + 4, part + 6 of that half.
      const half = part >>> 1
      const column = 16 * (part & 1)
      const low = from + 64 * half + column
      const high = from + HIGH + 32 * half + column
      const start = at + 128 * half + column
      const sub = 8 * half + (part & 1)
      const scale0 = products[sub] as number
      const scale1 = products[sub + 2] as number
      const scale2 = products[sub + 4] as number
      const scale3 = products[sub + 6] as number
      for (let i = 0; i < 16; i += 1) {
        const lower = bytes[low + i] as number
        const upper = bytes[low + 32 + i] as number
        const bits = bytes[high + i] as number
        out[start + i] = scale0 * (((lower & 15) | ((bits & 3) << 4)) - 32)
        out[start + 32 + i] = scale1 * (((upper & 15) | (((bits >>> 2) & 3) << 4)) - 32)
        out[start + 64 + i] = scale2 * (((lower >>> 4) | (((bits >>> 4) & 3) << 4)) - 32)
        out[start + 96 + i] = scale3 * (((upper >>> 4) | ((bits >>> 6) << 4)) - 32)
      }
    }
  }
}

const searchNested = nestedSearch(nestedLayout({ levels: wholeLevels(32), subBlock: SUB_BLOCK, reach: 128 }))
const signedScales = new Int8Array(SUB_BLOCKS)

function search({ weights, errorWeights }: SearchedBlock, out: Uint8Array): void {
  writeHalfWord(searchNested(weights, errorWeights, codes, signedScales), out, D)
  out.set(signedScales, SCALES)
  pack(out, 0)
}

const ggmlErrorWeights: ErrorWeights = (row, importance, out) => {
  if (importance === null) squareErrorWeights(row, importance, out)
  else plainErrorWeights(row, importance, out)
}

export const Q6_K: Format = {
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
