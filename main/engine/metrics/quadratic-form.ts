/**
 * x S x^T for every row x: the energy of a row's output under inputs with second moment S.
 *
 * Rows are taken together so that S, the large operand, is read once; each row's own sum has a fixed order
 * that does not depend on how many come together.
 *
 * @param rows f64[count * n]
 * @param S    f64[n, n], symmetric; only the upper triangle is read
 * @returns f64[count]
 */
export function quadraticForms(rows: Float64Array, n: number, S: Float64Array): Float64Array {
  const count = rows.length / n
  const forms = new Float64Array(count)
  for (let i = 0; i < n; i += 1) {
    const line = i * n
    for (let row = 0; row < count; row += 1) {
      const base = row * n
      let sum = 0
      for (let j = i + 1; j < n; j += 1) sum += (S[line + j] as number) * (rows[base + j] as number)
      const value = rows[base + i] as number
      forms[row] = (forms[row] as number) + value * ((S[line + i] as number) * value + 2 * sum)
    }
  }
  return forms
}
