import { expect, it } from 'vitest'
import {
  RUN_COLUMNS,
  runCell,
  runTable,
  signedPercent,
  sortRuns,
} from '../../../../renderer/views/verify/run-rows.ts'
import { verificationOf } from '../../../support/verification-data.ts'

const small = verificationOf('small', {
  fileBytes: 3_000_000,
  kld: { mean: 0.01, standardError: 0.001, median: 0, p99: 0, max: 0 },
  perplexity: { reference: 50, candidate: 49.5 },
})
const large = verificationOf('large', { finishedAt: '2026-01-03T00:00:00.000Z' })

it('tells divergence with its error and perplexity with its change', () => {
  expect(runCell(large, 'kld').text).toBe('0.00200 ± 1.0e-4')
  expect(runCell(large, 'change').text).toBe('50.0 → 51.0 (+2.0 %)')
  expect(runCell(small, 'change').text).toBe('50.0 → 49.5 (−1.0 %)')
  expect(signedPercent(0)).toBe('0 %')
})

it('tells the methods of a plan, and none of a file', () => {
  const choices = {
    a: { format: 'Q4_0', method: 'reference' },
    b: { format: 'Q4_0', method: 'optimal' },
  } as const
  expect(runCell(verificationOf('mixed', { choices }), 'method').text).toBe('optimal, reference')
  expect(runCell(verificationOf('file', { choices: null }), 'method').text).toBe('–')
})

it('has a text for every column', () => {
  expect(RUN_COLUMNS.filter(({ key }) => runCell(large, key).text === '')).toEqual([])
})

it.each([
  ['bytes', false, ['small', 'large']],
  ['kld', true, ['small', 'large']],
  ['change', true, ['large', 'small']],
  ['label', false, ['large', 'small']],
  ['date', true, ['large', 'small']],
])('sorts by %s', (column, descending, order) => {
  expect(sortRuns([small, large], { column, descending }).map(({ id }) => id)).toEqual(order)
})

it('gives every figure with every digit', () => {
  const table = runTable([large])
  expect(table.rows[0]).toHaveLength(table.columns.length)
  expect(table.rows[0]?.[table.columns.indexOf('kldP99')]).toBe(0.02)
  expect(table.rows[0]?.[table.columns.indexOf('textSha256')]).toBe('ab'.repeat(32))
})
