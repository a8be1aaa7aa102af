/**
 * Plain floating point, one weight per block, little endian:
 *
 *     F32   [ f32 ]    F16   [ f16 ]    BF16  [ upper half of an f32 ]
 *
 * Importance has no say: each weight is rounded to the nearest value by itself.
 */
import { bitsToBrain, bitsToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'

function asBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function asBits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length)
}

function encodeHalves(weights: Float32Array, out: Uint8Array): void {
  const bits = asBits(weights)
  for (let i = 0; i < bits.length; i += 1) writeHalfWord(bitsToHalf(bits[i] as number), out, 2 * i)
}

function decodeHalves(bytes: Uint8Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i += 1) out[i] = halfToFloat(readHalfWord(bytes, 2 * i))
}

function encodeBrains(weights: Float32Array, out: Uint8Array): void {
  const bits = asBits(weights)
  for (let i = 0; i < bits.length; i += 1) writeHalfWord(bitsToBrain(bits[i] as number), out, 2 * i)
}

function decodeBrains(bytes: Uint8Array, out: Float32Array): void {
  const bits = asBits(out)
  for (let i = 0; i < bits.length; i += 1) bits[i] = readHalfWord(bytes, 2 * i) << 16
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
  dequantize: (bytes, out) => decodeHalves(bytes, out),
  methods: { reference: (weights, _importance, out) => encodeHalves(weights, out) },
}

export const BF16: Format = {
  ...ggmlType('BF16'),
  family: 'float',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize: (bytes, out) => decodeBrains(bytes, out),
  methods: { reference: (weights, _importance, out) => encodeBrains(weights, out) },
}
