import type { ErrorSums } from './error-sums.ts'

export function emptySums(bandRows: number, columnBands: number): ErrorSums {
  return {
    rows: 0,
    bandRows,
    weights: 0,
    nonFinite: 0,
    error2: 0,
    weight2: 0,
    product: 0,
    quant2: 0,
    importanceError2: 0,
    importanceWeight2: 0,
    outputError2: 0,
    outputWeight2: 0,
    maxAbsError: 0,
    rowError4: 0,
    rowWeight4: 0,
    rowErrorWeight: 0,
    columnError2: new Array<number>(columnBands).fill(0),
    columnWeights: new Array<number>(columnBands).fill(0),
  }
}

/**
 * Adds one row to the sums.
 *
 * @param weights f32, the row begins at `at`; finite
 * @param quants  f32, the dequantized twins at the same place
 * @param columns column bands of the row, as [first column, end)
 */
export function accumulateRow(
  sums: ErrorSums,
  weights: Float32Array,
  quants: Float32Array,
  at: number,
  columns: readonly (readonly [number, number])[],
): void {
  let rowError2 = 0
  let rowWeight2 = 0
  let product = 0
  let quant2 = 0
  let largest = sums.maxAbsError
  for (let band = 0; band < columns.length; band += 1) {
    const [first, end] = columns[band] as readonly [number, number]
    let error2 = 0
    for (let i = at + first; i < at + end; i += 1) {
      const weight = weights[i] as number
      const quant = quants[i] as number
      const error = quant - weight
      error2 += error * error
      rowWeight2 += weight * weight
      product += weight * quant
      quant2 += quant * quant
      // Written so that NaN enters and stays.
      if (!(Math.abs(error) <= largest)) largest = Math.abs(error)
    }
    rowError2 += error2
    sums.columnError2[band] = (sums.columnError2[band] as number) + error2
    sums.columnWeights[band] = (sums.columnWeights[band] as number) + (end - first)
  }
  sums.rows += 1
  sums.error2 += rowError2
  sums.weight2 += rowWeight2
  sums.product += product
  sums.quant2 += quant2
  sums.maxAbsError = largest
  sums.rowError4 += rowError2 * rowError2
  sums.rowWeight4 += rowWeight2 * rowWeight2
  sums.rowErrorWeight += rowError2 * rowWeight2
}

/** Adds one row's importance-weighted sums; `importance` is f32[count] for the row's columns. */
export function accumulateImportance(
  sums: ErrorSums,
  weights: Float32Array,
  quants: Float32Array,
  at: number,
  importance: Float32Array,
): void {
  let error2 = 0
  let weight2 = 0
  for (let i = 0; i < importance.length; i += 1) {
    const weight = weights[at + i] as number
    const error = (quants[at + i] as number) - weight
    const factor = importance[i] as number
    error2 += factor * error * error
    weight2 += factor * weight * weight
  }
  sums.importanceError2 += error2
  sums.importanceWeight2 += weight2
}
