import type { RowReader } from '../tensor/row-reader.ts'
import type { Histogram } from './histogram.ts'
import type { RowRun } from './row-bands.ts'
import { sampledRuns } from './sampling.ts'

const CHUNK_WEIGHTS = 65536

interface Moments {
  minimum: number
  maximum: number
  sum: number
  zeros: number
  nonFinite: number
  count: number
  rows: number
}

/**
 * Distribution of a tensor's weights in two passes over its (sampled) rows: range and mean, then spread and bins.
 *
 * @param bins   number of equal-width bins
 * @param sample fraction of rows, 1 for all
 * @param step   called after every chunk with its weights, half of them counted in each pass; may throw to stop
 */
export function computeHistogram(
  reader: RowReader,
  bins: number,
  sample: number,
  step: (weights: number) => void,
): Histogram {
  const runs = chunksOf(reader, sample)
  const moments: Moments = {
    minimum: Infinity,
    maximum: -Infinity,
    sum: 0,
    zeros: 0,
    nonFinite: 0,
    count: 0,
    rows: 0,
  }
  for (const run of runs) {
    const weights = reader.read(run.firstRow, run.rows)
    addMoments(moments, weights)
    moments.rows += run.rows
    step(weights.length - Math.floor(weights.length / 2))
  }
  const { minimum, maximum, sum, count } = moments
  const mean = count > 0 ? sum / count : 0
  const counts = new Array<number>(bins).fill(0)
  let squares = 0
  for (const run of runs) {
    const weights = reader.read(run.firstRow, run.rows)
    squares += addCounts(counts, weights, minimum, maximum, mean)
    step(Math.floor(weights.length / 2))
  }
  return {
    minimum: count > 0 ? minimum : 0,
    maximum: count > 0 ? maximum : 0,
    mean,
    standardDeviation: count > 0 ? Math.sqrt(squares / count) : 0,
    zeros: moments.zeros,
    nonFinite: moments.nonFinite,
    count,
    sampledRows: moments.rows,
    rows: reader.rows,
    counts,
  }
}

function chunksOf(reader: RowReader, sample: number): readonly RowRun[] {
  const all = { firstRow: 0, rows: reader.rows }
  const chunkRows = Math.max(1, Math.floor(CHUNK_WEIGHTS / reader.rowLength))
  return sampledRuns(all, reader.rows, sample).flatMap(({ firstRow, rows }) =>
    Array.from({ length: Math.ceil(rows / chunkRows) }, (_, i) => ({
      firstRow: firstRow + i * chunkRows,
      rows: Math.min(chunkRows, rows - i * chunkRows),
    })),
  )
}

function addMoments(moments: Moments, weights: Float32Array): void {
  let { minimum, maximum, zeros, nonFinite } = moments
  let sum = 0
  for (let i = 0; i < weights.length; i += 1) {
    const weight = weights[i] as number
    if (weight - weight !== 0) {
      nonFinite += 1
      continue
    }
    if (weight < minimum) minimum = weight
    if (weight > maximum) maximum = weight
    if (weight === 0) zeros += 1
    sum += weight
  }
  moments.count += weights.length - (nonFinite - moments.nonFinite)
  moments.minimum = minimum
  moments.maximum = maximum
  moments.sum += sum
  moments.zeros = zeros
  moments.nonFinite = nonFinite
}

/** Counts weights into bins; returns the sum of squared distances from the mean. */
function addCounts(
  counts: number[],
  weights: Float32Array,
  minimum: number,
  maximum: number,
  mean: number,
): number {
  const last = counts.length - 1
  const perWidth = maximum > minimum ? counts.length / (maximum - minimum) : 0
  let squares = 0
  for (let i = 0; i < weights.length; i += 1) {
    const weight = weights[i] as number
    if (weight - weight !== 0) continue
    const bin = Math.min(last, Math.floor((weight - minimum) * perWidth))
    counts[bin] = (counts[bin] as number) + 1
    squares += (weight - mean) * (weight - mean)
  }
  return squares
}
