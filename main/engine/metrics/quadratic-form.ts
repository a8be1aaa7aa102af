import { PARTIALS, total } from './partial-sums.ts'

/**
 * x S x^T for every row x: the energy of a row's output under inputs with second moment S.
 *
 * Rows are taken together so that S, the large operand, is read once; each row's own sum has a fixed order
 * that does not depend on how many come together: lines of S in order, column j in partial sum j % 8.
 *
 * @param rows  f64[count * n]
 * @param S     f64[n, n], symmetric; only the upper triangle is read
 * @param forms f64[count], written
 */
export function quadraticForms(rows: Float64Array, n: number, S: Float64Array, forms: Float64Array): void {
  const partials = new Float64Array(PARTIALS)
  forms.fill(0)
  for (let i = 0; i < n; i += 1) {
    const line = i * n
    for (let row = 0; row < forms.length; row += 1) {
      const base = row * n
      partials.fill(0)
      for (let j = i + 1; j < n; j += 1) {
        const term = (S[line + j] as number) * (rows[base + j] as number)
        partials[j % PARTIALS] = (partials[j % PARTIALS] as number) + term
      }
      const value = rows[base + i] as number
      const product = value * ((S[line + i] as number) * value + 2 * total(partials))
      forms[row] = (forms[row] as number) + product
    }
  }
}
