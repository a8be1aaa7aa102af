import { accumulateRows } from '../metrics/accumulate.ts'
import { findNonFinite } from '../metrics/non-finite.ts'
import { quadraticForms } from '../metrics/quadratic-form.ts'
import { encodedBytes } from '../quantizers/format.ts'
import { checkImportance, methodOf } from './checks.ts'
import type { Kernels } from './kernels.ts'

/** The readable twin: every type and every method. */
export const typescriptKernels: Kernels = {
  name: 'typescript',

  dequantizeRows(type, bytes, out) {
    type.dequantize(bytes, out)
  },

  quantizeRows(format, method, weights, rowLength, importance, out) {
    const quantize = methodOf(format, method)
    checkImportance(format, rowLength, importance)
    const rowBytes = encodedBytes(format, rowLength)
    for (let at = 0, to = 0; at < weights.length; at += rowLength, to += rowBytes) {
      quantize(weights.subarray(at, at + rowLength), importance, out.subarray(to, to + rowBytes))
    }
  },

  measureRows(format, method, rows, sums) {
    const { weights, rowLength, importance, bytes, quants, skipped } = rows
    this.quantizeRows(format, method, weights, rowLength, importance, bytes)
    this.dequantizeRows(format, bytes, quants)
    for (const place of skipped) quants[place] = 0
    accumulateRows(rows, sums)
  },

  findNonFinite,
  quadraticForms,
}
