import { loadNative } from '../../../native/index.ts'
import { QuantaloupeError } from '../errors.ts'
import {
  encodedBytes,
  type Format,
  type Method,
  type QuantizeRow,
  type StoredType,
} from '../quantizers/format.ts'

/**
 * Row kernels: the seam between the TypeScript quantizers and their native twin.
 *
 * Both give the same bytes and the same values. Importance is one vector for all rows of a call.
 */
export interface Kernels {
  readonly name: 'typescript' | 'native'

  /**
   * @param bytes u8, whole blocks, little endian
   * @param out   f32, as many weights as the blocks hold
   */
  dequantizeRows(type: StoredType, bytes: Uint8Array, out: Float32Array): void

  /**
   * @param weights    f32[rows * rowLength], finite
   * @param importance f32[rowLength] or null
   * @param out        u8, `encodedBytes(format, weights.length)`
   * @throws QuantaloupeError `METHOD_UNSUPPORTED`
   */
  quantizeRows(
    format: Format,
    method: Method,
    weights: Float32Array,
    rowLength: number,
    importance: Float32Array | null,
    out: Uint8Array,
  ): void
}

function methodOf(format: Format, method: Method): QuantizeRow {
  const quantize = format.methods[method]
  if (quantize) return quantize
  throw new QuantaloupeError('METHOD_UNSUPPORTED', `${format.name} has no method "${method}"`, {
    expected: `one of ${Object.keys(format.methods).join(', ')}`,
  })
}

export const typescriptKernels: Kernels = {
  name: 'typescript',

  dequantizeRows(type, bytes, out) {
    type.dequantize(bytes, out)
  },

  quantizeRows(format, method, weights, rowLength, importance, out) {
    const quantize = methodOf(format, method)
    const rowBytes = encodedBytes(format, rowLength)
    for (let at = 0, to = 0; at < weights.length; at += rowLength, to += rowBytes) {
      quantize(weights.subarray(at, at + rowLength), importance, out.subarray(to, to + rowBytes))
    }
  },
}

/** The native kernels where they are wanted and built, else the TypeScript ones. */
export function chooseKernels(useNative: boolean): Kernels {
  return (useNative ? loadNative() : undefined) ?? typescriptKernels
}

/** Which kernels {@link chooseKernels} would give. */
export function kernelsName(useNative: boolean): Kernels['name'] {
  return chooseKernels(useNative).name
}
