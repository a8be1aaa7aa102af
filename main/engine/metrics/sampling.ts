import { type RowRun, startOf } from './row-bands.ts'

/** Fewer sampled rows than this say nothing about their spread. */
const MIN_SAMPLED_ROWS = 8

/** Rows of a tensor that a sample of `fraction` measures: all of a small tensor. */
export function sampledRowCount(rows: number, fraction: number): number {
  if (fraction >= 1) return rows
  return Math.min(rows, Math.max(MIN_SAMPLED_ROWS, Math.round(rows * fraction)))
}

/**
 * The rows of a band that a sample measures, as runs in ascending order.
 *
 * The tensor's rows are cut into as many strata as rows are wanted, and one row is drawn from each by a fixed hash
 * of the stratum: the same rows in every run, spread evenly, without the period that every n-th row would have
 * (attention heads repeat with one).
 */
export function sampledRuns(band: RowRun, rows: number, fraction: number): readonly RowRun[] {
  const count = sampledRowCount(rows, fraction)
  if (count === rows) return [band]
  const end = band.firstRow + band.rows
  const runs: RowRun[] = []
  let stratum = Math.max(0, Math.floor((band.firstRow / rows) * count) - 1)
  for (; stratum < count && startOf(stratum, rows, count) < end; stratum += 1) {
    const row = drawRow(stratum, rows, count)
    if (row >= band.firstRow && row < end) runs.push({ firstRow: row, rows: 1 })
  }
  return runs
}

function drawRow(stratum: number, rows: number, count: number): number {
  const start = startOf(stratum, rows, count)
  return start + (hash(stratum) % (startOf(stratum + 1, rows, count) - start))
}

/** Finaliser of MurmurHash3 on 32 bits: consecutive numbers give unrelated ones. */
function hash(value: number): number {
  let bits = value + 0x9e3779b9
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
