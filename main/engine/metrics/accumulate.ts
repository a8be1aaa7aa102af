import { PARTIALS, total } from './partial-sums.ts'

/** Places in the array of sums; those of the column bands follow. The twin of `enum Sum` in `native/src/target.h`. */
export const SUM = {
  error2: 0,
  weight2: 1,
  quant2: 2,
  importanceError2: 3,
  importanceWeight2: 4,
  maxAbsError: 5,
  rowError4: 6,
  rowWeight4: 7,
  rowErrorWeight: 8,
  columnError2: 9,
} as const

/** Weights and their dequantized twins, to be compared. */
export interface ComparedRows {
  /** f32[rows * rowLength], finite. */
  readonly weights: Float32Array
  /** f32[weights.length]. */
  readonly quants: Float32Array
  readonly rowLength: number
  /** f32[rowLength], for every row. */
  readonly importance: Float32Array | null
  /** u32[bands + 1], ascending from 0 to rowLength. */
  readonly bandStarts: Uint32Array
}

/**
 * Adds rows to sums, a row after the other.
 *
 * Inside a row, column c of a band that begins at column b has place (c - b) % 8 among the partial sums. Error sums
 * are made per band and the bands added in order; the other sums keep their partials to the end of the row.
 *
 * @param sums f64[9 + bands], see {@link SUM}
 */
export function accumulateRows(rows: ComparedRows, sums: Float64Array): void {
  const partials = new RowPartials()
  for (let at = 0; at < rows.weights.length; at += rows.rowLength) {
    accumulateRow(rows, at, partials, sums)
    if (rows.importance !== null) accumulateImportance(rows, rows.importance, at, partials, sums)
  }
}

/** Partial sums of a row, used again for every row. */
class RowPartials {
  readonly error2 = new Float64Array(PARTIALS)
  readonly weight2 = new Float64Array(PARTIALS)
  readonly quant2 = new Float64Array(PARTIALS)
  largest = 0

  clear(): void {
    this.weight2.fill(0)
    this.quant2.fill(0)
    this.largest = 0
  }
}

function add(sums: Float64Array, place: number, term: number): void {
  sums[place] = (sums[place] as number) + term
}

function accumulateRow(rows: ComparedRows, at: number, partials: RowPartials, sums: Float64Array): void {
  const { bandStarts } = rows
  let error2 = 0
  partials.clear()
  for (let band = 0; band < bandStarts.length - 1; band += 1) {
    const first = bandStarts[band] as number
    const bandError2 = accumulateBand(rows, at + first, at + (bandStarts[band + 1] as number), partials)
    add(sums, SUM.columnError2 + band, bandError2)
    error2 += bandError2
  }
  const weight2 = total(partials.weight2)
  add(sums, SUM.error2, error2)
  add(sums, SUM.weight2, weight2)
  add(sums, SUM.quant2, total(partials.quant2))
  add(sums, SUM.rowError4, error2 * error2)
  add(sums, SUM.rowWeight4, weight2 * weight2)
  add(sums, SUM.rowErrorWeight, error2 * weight2)
  // A sum of squares is NaN only where an error is; NaN enters the maximum and stays.
  const largest = Number.isNaN(error2) ? NaN : partials.largest
  sums[SUM.maxAbsError] = Math.max(sums[SUM.maxAbsError] as number, largest)
}

/** Returns the sum of squared errors; the other partial sums go on. */
function accumulateBand(rows: ComparedRows, first: number, end: number, partials: RowPartials): number {
  const { weights, quants } = rows
  const { error2, weight2, quant2 } = partials
  let largest = partials.largest
  error2.fill(0)
  for (let i = first; i < end; i += 1) {
    const place = (i - first) % PARTIALS
    const weight = weights[i] as number
    const quant = quants[i] as number
    const error = quant - weight
    error2[place] = (error2[place] as number) + error * error
    weight2[place] = (weight2[place] as number) + weight * weight
    quant2[place] = (quant2[place] as number) + quant * quant
    if (Math.abs(error) > largest) largest = Math.abs(error)
  }
  partials.largest = largest
  return total(error2)
}

/** One row's importance-weighted sums. */
function accumulateImportance(
  { weights, quants, bandStarts }: ComparedRows,
  importance: Float32Array,
  at: number,
  { error2, weight2 }: RowPartials,
  sums: Float64Array,
): void {
  error2.fill(0)
  weight2.fill(0)
  for (let band = 0; band < bandStarts.length - 1; band += 1) {
    const first = bandStarts[band] as number
    const end = bandStarts[band + 1] as number
    for (let i = first; i < end; i += 1) {
      const place = (i - first) % PARTIALS
      const weight = weights[at + i] as number
      const error = (quants[at + i] as number) - weight
      const factor = importance[i] as number
      error2[place] = (error2[place] as number) + factor * (error * error)
      weight2[place] = (weight2[place] as number) + factor * (weight * weight)
    }
  }
  add(sums, SUM.importanceError2, total(error2))
  add(sums, SUM.importanceWeight2, total(weight2))
}
