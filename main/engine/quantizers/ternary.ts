/**
 * TQ1_0 and TQ2_0: 256 weights of -d, 0 or d, where d is the largest magnitude. Importance has no say.
 *
 *     TQ1_0, 54 bytes
 *     0              32             48           52       54
 *     [ 5 x 32 codes | 5 x 16 codes | 4 x 4 codes | d: f16 ]
 *
 *     TQ2_0, 66 bytes
 *     0              32             64       66
 *     [ 4 x 32 codes | 4 x 32 codes | d: f16 ]
 *
 * A code is 0, 1 or 2 for -d, 0 and d. A part of n x m codes has m bytes; byte i holds codes i, i + m, i + 2 m ...
 * In TQ2_0 these are 2-bit fields, the first lowest. In TQ1_0 they are the digits of a fraction in base 3, the first
 * the most significant, in units of 1/256 rounded up: times 3, the carry is the first digit.
 * TQ2_0 has room for a fourth code, which would decode as 2 d. It is never written: the format is ternary.
 *
 * @see ggml-quants.c: quantize_row_tq1_0_ref, dequantize_row_tq1_0 and the same of tq2_0
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { largestMagnitude } from './largest-magnitude.ts'
import type { BlockSearch } from './optimal/block-search.ts'
import { searchHalfScale } from './optimal/one-scale.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { integerLevels } from './optimal/scaled-levels.ts'

const { fround } = Math
const BLOCK = 256
const TQ1_TYPE = ggmlType('TQ1_0')
const TQ1_BYTES = TQ1_TYPE.blockBytes
const TQ1_SCALE = 52
const TQ2_TYPE = ggmlType('TQ2_0')
const TQ2_BYTES = TQ2_TYPE.blockBytes
const TQ2_SCALE = 64
const TQ2_PART = 32

interface Part {
  /** Offset of the first code and of the first byte. */
  readonly code: number
  readonly byte: number
  readonly bytes: number
  readonly digits: number
}

const TQ1_PARTS: readonly Part[] = [
  { code: 0, byte: 0, bytes: 32, digits: 5 },
  { code: 160, byte: 32, bytes: 16, digits: 5 },
  { code: 240, byte: 48, bytes: 4, digits: 4 },
]

const POWERS = [1, 3, 9, 27, 81] as const
const STATES = 243

/** In units of d, by code. */
const TERNARY_LEVELS = integerLevels(-1, 1)

const codes = new Uint8Array(BLOCK)

/** Fills {@link codes} and returns d. A denormal d has an infinite inverse; ggml's codes are all 1 then. */
function encode(x: Float32Array, at: number): number {
  const d = largestMagnitude(x, at, BLOCK)
  const inverse = fround(1 / d)
  const factor = inverse === Infinity ? 0 : inverse
  for (let i = 0; i < BLOCK; i += 1) codes[i] = ternaryCode(fround((x[at + i] as number) * factor))
  return d
}

/** Rounds a value of -1 ... 1 to a code, halves away from zero. */
export function ternaryCode(scaled: number): number {
  return scaled >= 0.5 ? 2 : scaled <= -0.5 ? 0 : 1
}

function quantizeTq1(x: Float32Array, _importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += BLOCK, to += TQ1_BYTES) {
    writeHalfWord(floatToHalf(encode(x, at)), out, to + TQ1_SCALE)
    for (const part of TQ1_PARTS) packDigits(part, out, to)
  }
}

const searchTq1: BlockSearch = ({ weights, errorWeights }, out) => {
  writeHalfWord(searchHalfScale(weights, errorWeights, TERNARY_LEVELS, codes), out, TQ1_SCALE)
  for (const part of TQ1_PARTS) packDigits(part, out, 0)
}

function packDigits({ code, byte, bytes, digits }: Part, out: Uint8Array, to: number): void {
  for (let i = 0; i < bytes; i += 1) {
    let number = 0
    for (let n = 0; n < 5; n += 1)
      number = 3 * number + (n < digits ? (codes[code + i + bytes * n] as number) : 0)
    out[to + byte + i] = Math.ceil((number * 256) / STATES)
  }
}

function dequantizeTq1(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += BLOCK, from += TQ1_BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from + TQ1_SCALE))
    for (const part of TQ1_PARTS) unpackDigits(part, bytes, from, d, out, at)
  }
}

function unpackDigits(
  part: Part,
  bytes: Uint8Array,
  from: number,
  d: number,
  out: Float32Array,
  at: number,
): void {
  for (let n = 0; n < part.digits; n += 1) {
    const start = at + part.code + part.bytes * n
    for (let i = 0; i < part.bytes; i += 1) {
      const rest = ((bytes[from + part.byte + i] as number) * (POWERS[n] as number)) & 255
      out[start + i] = (((rest * 3) >> 8) - 1) * d
    }
  }
}

function quantizeTq2(x: Float32Array, _importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += BLOCK, to += TQ2_BYTES) {
    writeHalfWord(floatToHalf(encode(x, at)), out, to + TQ2_SCALE)
    packFields(out, to)
  }
}

function packFields(out: Uint8Array, to: number): void {
  for (let i = 0; i < TQ2_SCALE; i += 1) {
    const first = (i & 32) * 4 + (i & 31)
    let fields = 0
    for (let n = 3; n >= 0; n -= 1) fields = (fields << 2) | (codes[first + TQ2_PART * n] as number)
    out[to + i] = fields
  }
}

const searchTq2: BlockSearch = ({ weights, errorWeights }, out) => {
  writeHalfWord(searchHalfScale(weights, errorWeights, TERNARY_LEVELS, codes), out, TQ2_SCALE)
  packFields(out, 0)
}

function dequantizeTq2(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += BLOCK, from += TQ2_BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from + TQ2_SCALE))
    for (let i = 0; i < TQ2_SCALE; i += 1) {
      const fields = bytes[from + i] as number
      const first = at + (i & 32) * 4 + (i & 31)
      for (let n = 0; n < 4; n += 1) out[first + TQ2_PART * n] = (((fields >> (2 * n)) & 3) - 1) * d
    }
  }
}

export const TQ1_0: Format = {
  ...TQ1_TYPE,
  family: 'ternary',
  target: 'llama.cpp',
  words: { width: 2, offsets: [TQ1_SCALE] },
  needsImportance: false,
  dequantize: dequantizeTq1,
  methods: {
    reference: quantizeTq1,
    ...optimalMethods({ ...TQ1_TYPE, dequantize: dequantizeTq1 }, quantizeTq1, { search: searchTq1 }),
  },
}

export const TQ2_0: Format = {
  ...TQ2_TYPE,
  family: 'ternary',
  target: 'llama.cpp',
  words: { width: 2, offsets: [TQ2_SCALE] },
  needsImportance: false,
  dequantize: dequantizeTq2,
  methods: {
    reference: quantizeTq2,
    ...optimalMethods({ ...TQ2_TYPE, dequantize: dequantizeTq2 }, quantizeTq2, { search: searchTq2 }),
  },
}
