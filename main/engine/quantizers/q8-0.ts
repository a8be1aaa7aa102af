/**
 * Q8_0: 32 weights in 34 bytes.
 *
 *     0        2                              34
 *     [ d: f16 | 32 codes: i8, in order        ]      weight = d * code
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { largestMagnitude } from './largest-magnitude.ts'
import { oneScaleSearch } from './optimal/one-scale.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { integerLevels } from './optimal/scaled-levels.ts'

const { fround } = Math
const BLOCK = 32
const TYPE = ggmlType('Q8_0')
const BYTES = TYPE.blockBytes

/** @see ggml-quants.c, quantize_row_q8_0_ref: halves round away from zero; importance is ignored */
function quantize(weights: Float32Array, _importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < weights.length; at += BLOCK, to += BYTES) {
    const scale = fround(largestMagnitude(weights, at, BLOCK) / 127)
    // The inverse of a denormal scale is infinite and ggml's codes are 0 then.
    const inverse = scale === 0 || fround(1 / scale) === Infinity ? 0 : fround(1 / scale)
    const bits = floatToHalf(scale)
    out[to] = bits
    out[to + 1] = bits >>> 8
    for (let i = 0; i < BLOCK; i += 1) {
      const scaled = fround((weights[at + i] as number) * inverse)
      // Rounds halves up, which is towards zero for negative ones; a branch on the sign would be a coin toss.
      let code = ((scaled + 128.5) | 0) - 128
      if (code - scaled === 0.5 && scaled < 0) code -= 1
      out[to + 2 + i] = code
    }
  }
}

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += BLOCK, from += BYTES) {
    const scale = halfToFloat((bytes[from] as number) | ((bytes[from + 1] as number) << 8))
    for (let i = 0; i < BLOCK; i += 1) {
      out[at + i] = scale * (((bytes[from + 2 + i] as number) << 24) >> 24)
    }
  }
}

function pack(codes: Uint8Array, out: Uint8Array, to: number): void {
  for (let i = 0; i < BLOCK; i += 1) out[to + 2 + i] = (codes[i] as number) - 128
}

export const Q8_0: Format = {
  ...TYPE,
  family: 'legacy',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize,
  methods: {
    reference: quantize,
    ...optimalMethods({ ...TYPE, dequantize }, quantize, {
      search: oneScaleSearch(integerLevels(-128, 127), pack),
    }),
  },
}
