import { expect, it } from 'vitest'
import { quadraticForms } from '../../../main/engine/metrics/quadratic-form.ts'
import { seededNormal } from '../../support/random-rows.ts'

function formsOf(rows: Float64Array, n: number, S: Float64Array): number[] {
  const forms = new Float64Array(rows.length / n)
  quadraticForms(rows, n, S, forms)
  return [...forms]
}

it('is x S x^T for each row', () => {
  const S = Float64Array.of(2, 1, 0, 1, 3, -1, 0, -1, 4)
  expect(formsOf(Float64Array.of(1, 2, 3, 0, 0, 2), 3, S)).toEqual([
    2 * 1 + 3 * 4 + 4 * 9 + 2 * (1 * 2 - 2 * 3),
    16,
  ])
})

it('gives a row the same number in any company', () => {
  const normal = seededNormal(1)
  const n = 33
  const S = new Float64Array(n * n)
  for (let i = 0; i < n; i += 1) for (let j = 0; j <= i; j += 1) S[i * n + j] = S[j * n + i] = normal()
  const rows = Float64Array.from({ length: 7 * n }, normal)
  const alone = Array.from({ length: 7 }, (_, row) => formsOf(rows.slice(row * n, (row + 1) * n), n, S)[0])
  expect(formsOf(rows, n, S)).toEqual(alone)
})
