import { rowCount, rowLength } from '../tensor/tensor.ts'
import { PROFILE_SIZE } from './measurement.ts'

/** A run of whole rows. */
export interface RowRun {
  readonly firstRow: number
  readonly rows: number
}

/** Bands are not made smaller than this, so that a task is worth sending to a thread. */
const MIN_BAND_WEIGHTS = 8192

/**
 * Cuts a tensor into at most 64 bands of whole rows.
 *
 * The cut depends on the shape alone, never on threads or memory: sums are made per band and added in band order,
 * so a measurement is the same number on every machine.
 */
export function rowBands(shape: readonly number[]): readonly RowRun[] {
  const rows = rowCount({ shape })
  const length = rowLength({ shape })
  const worthwhile = Math.ceil((rows * length) / MIN_BAND_WEIGHTS)
  const count = Math.min(rows, PROFILE_SIZE, worthwhile)
  return cut(rows, count).map(([firstRow, end]) => ({ firstRow, rows: end - firstRow }))
}

/** Column bands of an error profile, at most 64: where each begins, and the end of the last. */
export function columnBandStarts(length: number): Uint32Array {
  const count = Math.min(length, PROFILE_SIZE)
  return Uint32Array.from({ length: count + 1 }, (_, i) => startOf(i, length, count))
}

function cut(total: number, count: number): (readonly [number, number])[] {
  return Array.from({ length: count }, (_, i) => [startOf(i, total, count), startOf(i + 1, total, count)])
}

/** floor(i * total / count), exact while count^2 fits a double. */
export function startOf(i: number, total: number, count: number): number {
  return i * Math.floor(total / count) + Math.floor((i * (total % count)) / count)
}
