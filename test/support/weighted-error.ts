import type { Format, Method } from '../../main/engine/quantizers/format.ts'
import { encodedBytes } from '../../main/engine/quantizers/format.ts'

/** Bytes that a method gives in the TypeScript twin. */
export function encode(
  format: Format,
  method: Method,
  weights: Float32Array,
  importance: Float32Array | null,
): Uint8Array {
  const out = new Uint8Array(encodedBytes(format, weights.length))
  format.methods[method]!(weights, importance, out)
  return out
}

/** Sums of errorWeights (weight - decoded)^2, block by block, each summed in the order of the weights. */
export function blockErrors(
  format: Format,
  weights: Float32Array,
  errorWeights: (index: number) => number,
  bytes: Uint8Array,
): Float64Array {
  const decoded = new Float32Array(weights.length)
  format.dequantize(bytes, decoded)
  const errors = new Float64Array(weights.length / format.blockSize)
  for (const [i, weight] of weights.entries()) {
    const block = Math.floor(i / format.blockSize)
    const error = weight - decoded[i]!
    errors[block] = errors[block]! + errorWeights(i) * (error * error)
  }
  return errors
}
