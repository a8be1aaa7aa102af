import type { ComparedRows } from '../metrics/accumulate.ts'
import type { Format, Method, StoredType } from '../quantizers/format.ts'
import { nativeKernels } from './native-kernels.ts'
import { typescriptKernels } from './typescript-kernels.ts'

export { nativeKernels, nativeTargets } from './native-kernels.ts'
export { typescriptKernels } from './typescript-kernels.ts'

/** Rows to be measured, with room for their encoded and decoded twins. */
export interface MeasuredRows extends ComparedRows {
  /** u8, `encodedBytes(format, weights.length)`; overwritten. */
  readonly bytes: Uint8Array
  /** Overwritten. */
  readonly quants: Float32Array
  /** Places in `weights` of zeros that stand for non-finite weights: they count as quantized to 0. */
  readonly skipped: Uint32Array
}

/**
 * What works on rows: the seam between the TypeScript engine and its native twin.
 *
 * All kernels give the same bytes, values and sums. Importance is one vector for all rows of a call.
 */
export interface Kernels {
  /** `typescript`, or `native` and the instruction set: `native avx2`. */
  readonly name: string

  /**
   * @param bytes u8, whole blocks, little endian
   * @param out   f32, as many weights as the blocks hold
   */
  dequantizeRows(type: StoredType, bytes: Uint8Array, out: Float32Array): void

  /**
   * @param weights    f32[rows * rowLength], finite
   * @param importance f32[rowLength] or null
   * @param out        u8, `encodedBytes(format, weights.length)`
   * @throws QuantaloupeError `METHOD_UNSUPPORTED`, `IMPORTANCE_NEEDED`, `IMPORTANCE_SHAPE`
   */
  quantizeRows(
    format: Format,
    method: Method,
    weights: Float32Array,
    rowLength: number,
    importance: Float32Array | null,
    out: Uint8Array,
  ): void

  /**
   * Quantizes, dequantizes and compares in one pass.
   *
   * @param sums as of `accumulateRows`, added to
   * @throws QuantaloupeError as `quantizeRows`
   */
  measureRows(format: Format, method: Method, rows: MeasuredRows, sums: Float64Array): void

  /** Place of the first NaN or infinity, -1 if all are finite. */
  findNonFinite(values: Float32Array): number

  /**
   * x S x^T of every row x.
   *
   * @param rows  f64[count * n]
   * @param S     f64[n, n], symmetric; only the upper triangle is read
   * @param forms f64[count], written
   */
  quadraticForms(rows: Float64Array, n: number, S: Float64Array, forms: Float64Array): void
}

/**
 * The native kernels where they are wanted and built, else the TypeScript ones.
 *
 * @throws QuantaloupeError `SIMD_UNAVAILABLE`
 */
export function chooseKernels(useNative: boolean): Kernels {
  return (useNative ? nativeKernels() : undefined) ?? typescriptKernels
}

/** Which kernels {@link chooseKernels} would give. */
export function kernelsName(useNative: boolean): string {
  return chooseKernels(useNative).name
}
