/**
 * Plain floating point, one weight per block, little endian:
 *
 *     F32   [ f32 ]    F16   [ f16 ]    BF16  [ upper half of an f32 ]
 *
 * Importance has no say: each weight is rounded to the nearest value by itself.
 */
import { brainToFloat, floatToBrain, floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'

function asBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function encodeHalves(weights: Float32Array, encode: (value: number) => number, out: Uint8Array): void {
  for (let i = 0; i < weights.length; i += 1) {
    const bits = encode(weights[i] as number)
    out[2 * i] = bits
    out[2 * i + 1] = bits >>> 8
  }
}

function decodeHalves(bytes: Uint8Array, decode: (bits: number) => number, out: Float32Array): void {
  for (let i = 0; i < out.length; i += 1) {
    out[i] = decode((bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8))
  }
}

export const F32: Format = {
  ...ggmlType('F32'),
  family: 'float',
  target: 'llama.cpp',
  words: { width: 4, offsets: [0] },
  needsImportance: false,
  dequantize: (bytes, out) => asBytes(out).set(bytes),
  methods: { reference: (weights, _importance, out) => out.set(asBytes(weights)) },
}

export const F16: Format = {
  ...ggmlType('F16'),
  family: 'float',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize: (bytes, out) => decodeHalves(bytes, halfToFloat, out),
  methods: { reference: (weights, _importance, out) => encodeHalves(weights, floatToHalf, out) },
}

export const BF16: Format = {
  ...ggmlType('BF16'),
  family: 'float',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize: (bytes, out) => decodeHalves(bytes, brainToFloat, out),
  methods: { reference: (weights, _importance, out) => encodeHalves(weights, floatToBrain, out) },
}
