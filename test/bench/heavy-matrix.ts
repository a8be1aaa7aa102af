import { seededNormal } from '../support/random-rows.ts'

/** Columns of a matrix, as in the models people quantize. */
export const COLUMNS = 4096

/**
 * Weights like those of a trained model: Student-t with 5 degrees of freedom, columns and rows of different sizes, and
 * one column in 128 enlarged four times.
 *
 * @returns f32[rows * COLUMNS]
 */
export function heavyMatrix(rows: number, seed = 1): Float32Array {
  const normal = seededNormal(seed)
  const columnScales = Float32Array.from(
    { length: COLUMNS },
    (_, column) => Math.exp(0.35 * normal()) * (column % 128 === 77 ? 4 : 1),
  )
  const weights = new Float32Array(rows * COLUMNS)
  for (let row = 0; row < rows; row += 1) {
    const scale = 0.02 * Math.exp(0.15 * normal())
    for (let column = 0; column < COLUMNS; column += 1) {
      weights[row * COLUMNS + column] = scale * (columnScales[column] as number) * student(normal)
    }
  }
  return weights
}

/** One positive value for each column, lognormal with sigma 1. */
export function lognormalImportance(seed = 2): Float32Array {
  const normal = seededNormal(seed)
  return Float32Array.from({ length: COLUMNS }, () => Math.exp(normal()))
}

/** Student-t with five degrees of freedom. */
function student(normal: () => number): number {
  let squares = 0
  for (let i = 0; i < 5; i += 1) squares += normal() ** 2
  return normal() / Math.sqrt(squares / 5)
}
