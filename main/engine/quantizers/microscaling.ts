/**
 * MXFP4 and NVFP4: E2M1 codes (`e2m1.ts`) under one-byte scales. Importance has no say.
 *
 *     MXFP4, 32 weights in 17 bytes
 *     0         1               17
 *     [ e: E8M0 | nibbles       ]                 weight = 2^(e - 128) * doubled code
 *
 *     NVFP4, 64 weights in 36 bytes, four sub-blocks of 16
 *     0              4                          36
 *     [ 4 x UE4M3    | nibbles, 4 x 8 bytes     ]  weight = (UE4M3 / 2) * doubled code
 *
 * A (sub-)block's first half is in the low halves of its nibbles, the second in the high ones.
 *
 * @see ggml-quants.c: quantize_row_mxfp4_ref, quantize_row_nvfp4_ref
 * @see ggml-impl.h: ggml_e8m0_to_fp32_half, ggml_fp32_to_ue4m3, ggml_ue4m3_to_fp32
 */
import { DOUBLED_VALUES, nearestDoubled, nearestDoubledExactly } from './e2m1.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { largestMagnitude } from './largest-magnitude.ts'
import type { BlockSearch } from './optimal/block-search.ts'
import { searchListedScale } from './optimal/listed-scale.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'

const { fround, floor, log2, min } = Math
const MX_BLOCK = 32
const MX_TYPE = ggmlType('MXFP4')
const MX_BYTES = MX_TYPE.blockBytes
const NV_BLOCK = 64
const NV_SUB_BLOCK = 16
const NV_TYPE = ggmlType('NVFP4')
const NV_BYTES = NV_TYPE.blockBytes
const NV_NIBBLES = 4
const LARGEST_UE4M3 = 448
/** Below this, distances from codes under the largest NVFP4 scale round too little to become equal. */
const FAR_OUT = 2 ** 24

/** 2^(e - 128) by E8M0 byte: the scale of doubled codes. */
const HALVED_E8M0 = Float32Array.from({ length: 256 }, (_, e) => 2 ** (e - 128))

/** Half the value by UE4M3 byte: 4 bits of exponent, bias 7, 3 of fraction; the sign bit is not looked at. */
const HALVED_UE4M3 = Float32Array.from({ length: 256 }, (_, byte) => {
  const exponent = (byte >>> 3) & 15
  const fraction = byte & 7
  if (byte === 0x7f) return 0
  return exponent === 0 ? fraction * 2 ** -10 : (8 + fraction) * 2 ** (exponent - 11)
})

/** Scales by byte that an optimal block may have. Whatever finite values those above 252 give, 252 gives too. */
const MX_SCALES = HALVED_E8M0.subarray(0, 253)
/** Those without a sign. E4M3 has NaN at 127; what ggml makes of it and of bytes with a sign is its own matter. */
const NV_SCALES = HALVED_UE4M3.subarray(0, 127)

/**
 * The scale byte of a block: the exponent of the largest magnitude, less 2, as the largest code is 1.5 * 2^2.
 *
 * The logarithm is rounded to single precision before it is rounded down: just below a power of two it can reach
 * the next exponent. Exponents of denormals wrap around like the C conversion to a byte.
 */
function sharedExponent(largest: number): number {
  return largest > 0 ? (floor(fround(log2(largest))) + 125) & 255 : 0
}

/** The UE4M3 byte nearest to a positive value, halves up; values beyond 448 take 448. */
function encodeUe4m3(value: number): number {
  if (!(value > 0)) return 0
  if (value >= 2 ** 8) return 0x7e
  if (value < 2 ** -6) return min(7, floor(fround(fround(value * 512) + 0.5)))
  const exponent = floor(log2(value))
  // A fraction that rounds up to 8 carries into the exponent; out of the one below 2^8 ggml makes the largest.
  const byte = ((exponent + 7) << 3) + floor(value * 2 ** (3 - exponent) + 0.5) - 8
  return byte < 0x78 ? byte : 0x7e
}

type Nearest = (weight: number, scale: number) => number

function packCodes(
  x: Float32Array,
  at: number,
  half: number,
  scale: number,
  nearest: Nearest,
  out: Uint8Array,
  to: number,
): void {
  for (let i = 0; i < half; i += 1) {
    const low = nearest(x[at + i] as number, scale)
    out[to + i] = low | (nearest(x[at + half + i] as number, scale) << 4)
  }
}

function unpackCodes(
  bytes: Uint8Array,
  from: number,
  half: number,
  scale: number,
  out: Float32Array,
  at: number,
): void {
  for (let i = 0; i < half; i += 1) {
    const pair = bytes[from + i] as number
    out[at + i] = scale * (DOUBLED_VALUES[pair & 15] as number)
    out[at + half + i] = scale * (DOUBLED_VALUES[pair >>> 4] as number)
  }
}

function quantizeMx(x: Float32Array, _importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += MX_BLOCK, to += MX_BYTES) {
    const exponent = sharedExponent(largestMagnitude(x, at, MX_BLOCK))
    out[to] = exponent
    packCodes(x, at, MX_BLOCK / 2, HALVED_E8M0[exponent] as number, nearestDoubled, out, to + 1)
  }
}

const searchMx: BlockSearch = ({ weights, errorWeights }, out) => {
  const byte = searchListedScale(weights, errorWeights, MX_SCALES)
  out[0] = byte
  packCodes(weights, 0, MX_BLOCK / 2, MX_SCALES[byte] as number, nearestDoubled, out, 1)
}

function dequantizeMx(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += MX_BLOCK, from += MX_BYTES) {
    const scale = HALVED_E8M0[bytes[from] as number] as number
    unpackCodes(bytes, from + 1, MX_BLOCK / 2, scale, out, at)
  }
}

function quantizeNv(x: Float32Array, _importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += NV_BLOCK, to += NV_BYTES) {
    for (let j = 0; j < NV_NIBBLES; j += 1) {
      const start = at + NV_SUB_BLOCK * j
      const largest = largestMagnitude(x, start, NV_SUB_BLOCK)
      const byte = encodeUe4m3(min(LARGEST_UE4M3, fround(largest / 6)))
      const scale = HALVED_UE4M3[byte] as number
      const nearest = scale > 0 && largest < FAR_OUT ? nearestDoubled : nearestDoubledExactly
      out[to + j] = byte
      packCodes(x, start, NV_SUB_BLOCK / 2, scale, nearest, out, to + NV_NIBBLES + (NV_SUB_BLOCK / 2) * j)
    }
  }
}

const searchNv: BlockSearch = ({ weights, errorWeights }, out) => {
  for (let j = 0; j < NV_NIBBLES; j += 1) {
    const at = NV_SUB_BLOCK * j
    const end = at + NV_SUB_BLOCK
    const byte = searchListedScale(weights.subarray(at, end), errorWeights.subarray(at, end), NV_SCALES)
    const nearest = byte > 0 ? nearestDoubled : nearestDoubledExactly
    out[j] = byte
    packCodes(weights, at, NV_SUB_BLOCK / 2, NV_SCALES[byte] as number, nearest, out, NV_NIBBLES + at / 2)
  }
}

function dequantizeNv(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += NV_BLOCK, from += NV_BYTES) {
    for (let j = 0; j < NV_NIBBLES; j += 1) {
      const scale = HALVED_UE4M3[bytes[from + j] as number] as number
      const nibbles = from + NV_NIBBLES + (NV_SUB_BLOCK / 2) * j
      unpackCodes(bytes, nibbles, NV_SUB_BLOCK / 2, scale, out, at + NV_SUB_BLOCK * j)
    }
  }
}

export const MXFP4: Format = {
  ...MX_TYPE,
  family: 'microscaling',
  target: 'llama.cpp',
  words: { width: 1, offsets: [] },
  needsImportance: false,
  dequantize: dequantizeMx,
  methods: {
    reference: quantizeMx,
    ...optimalMethods({ ...MX_TYPE, dequantize: dequantizeMx }, quantizeMx, { search: searchMx }),
  },
}

export const NVFP4: Format = {
  ...NV_TYPE,
  family: 'microscaling',
  target: 'llama.cpp',
  words: { width: 1, offsets: [] },
  needsImportance: false,
  dequantize: dequantizeNv,
  methods: {
    reference: quantizeNv,
    ...optimalMethods({ ...NV_TYPE, dequantize: dequantizeNv }, quantizeNv, { search: searchNv }),
  },
}
