/**
 * Q1_0 and Q2_0: one and two bits per weight, in order, the first lowest. Importance has no say.
 *
 *     Q1_0, 128 weights in 18 bytes                Q2_0, 64 weights in 18 bytes
 *     0        2             18                    0        2             18
 *     [ d: f16 | 128 bits    ]                     [ d: f16 | 64 x 2 bits ]
 *     weight = bit ? d : -d                        weight = d * (code - 1)
 *
 * d is the mean magnitude in Q1_0 and the largest in Q2_0, whose reference thus never uses the code 3. The methods that
 * search do, with d of either sign: ggml decodes it as 2 d.
 *
 * @see ggml-quants.c: quantize_row_q1_0_ref, quantize_row_q2_0_ref
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { largestMagnitude } from './largest-magnitude.ts'
import { oneScaleSearch } from './optimal/one-scale.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { integerLevels, scaledLevels } from './optimal/scaled-levels.ts'
import { ternaryCode } from './ternary.ts'

const { fround, abs } = Math
const Q1_TYPE = ggmlType('Q1_0')
const Q1_BLOCK = Q1_TYPE.blockSize
const Q1_BYTES = Q1_TYPE.blockBytes
const Q2_TYPE = ggmlType('Q2_0')
const Q2_BLOCK = Q2_TYPE.blockSize
const Q2_BYTES = Q2_TYPE.blockBytes
/** Offset of the codes in both. */
const CODES = 2

const codes = new Uint8Array(Q1_BLOCK)

/** Packs codes of so many bits, the first lowest. */
function packFields(codes: Uint8Array, bits: 1 | 2, count: number, out: Uint8Array, to: number): void {
  const perByte = 8 / bits
  for (let i = 0; i < count; i += perByte) {
    let fields = 0
    for (let n = perByte - 1; n >= 0; n -= 1) fields = (fields << bits) | (codes[i + n] as number)
    out[to + i / perByte] = fields
  }
}

const searchQ1 = oneScaleSearch(scaledLevels([-1, 1]), (codes, out, to) =>
  packFields(codes, 1, Q1_BLOCK, out, to + CODES),
)
const searchQ2 = oneScaleSearch(integerLevels(-1, 2), (codes, out, to) =>
  packFields(codes, 2, Q2_BLOCK, out, to + CODES),
)

function quantizeQ1(x: Float32Array, _importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += Q1_BLOCK, to += Q1_BYTES) {
    let sum = 0
    for (let i = 0; i < Q1_BLOCK; i += 1) sum = fround(sum + abs(x[at + i] as number))
    writeHalfWord(floatToHalf(fround(sum / Q1_BLOCK)), out, to)
    for (let i = 0; i < Q1_BLOCK; i += 1) codes[i] = (x[at + i] as number) >= 0 ? 1 : 0
    packFields(codes, 1, Q1_BLOCK, out, to + CODES)
  }
}

function dequantizeQ1(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += Q1_BLOCK, from += Q1_BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from))
    for (let i = 0; i < Q1_BLOCK; i += 1) {
      const bit = ((bytes[from + CODES + (i >> 3)] as number) >> (i & 7)) & 1
      out[at + i] = bit ? d : -d
    }
  }
}

function quantizeQ2(x: Float32Array, _importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += Q2_BLOCK, to += Q2_BYTES) {
    const d = largestMagnitude(x, at, Q2_BLOCK)
    writeHalfWord(floatToHalf(d), out, to)
    const inverse = d > 0 ? fround(1 / d) : 0
    // The inverse of a denormal is infinite: in ggml everything turns into the smallest integer and is cut to 0.
    for (let i = 0; i < Q2_BLOCK; i += 1) {
      codes[i] = inverse === Infinity ? 0 : ternaryCode(fround((x[at + i] as number) * inverse))
    }
    packFields(codes, 2, Q2_BLOCK, out, to + CODES)
  }
}

function dequantizeQ2(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += Q2_BLOCK, from += Q2_BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from))
    for (let i = 0; i < Q2_BLOCK; i += 1) {
      const code = ((bytes[from + CODES + (i >> 2)] as number) >> (2 * (i & 3))) & 3
      out[at + i] = (code - 1) * d
    }
  }
}

export const Q1_0: Format = {
  ...Q1_TYPE,
  family: 'binary',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize: dequantizeQ1,
  methods: {
    reference: quantizeQ1,
    ...optimalMethods({ ...Q1_TYPE, dequantize: dequantizeQ1 }, quantizeQ1, { search: searchQ1 }),
  },
}

export const Q2_0: Format = {
  ...Q2_TYPE,
  family: 'ternary',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize: dequantizeQ2,
  methods: {
    reference: quantizeQ2,
    ...optimalMethods({ ...Q2_TYPE, dequantize: dequantizeQ2 }, quantizeQ2, { search: searchQ2 }),
  },
}
