import { expect, it } from 'vitest'
import type { TensorPair } from '../../../../preload/contract.ts'
import type { PairResult } from '../../../../renderer/stores/model-pairs.ts'
import {
  filterPairs,
  pairCell,
  pairTable,
  sortPairs,
  typeTotals,
} from '../../../../renderer/views/compare/pair-rows.ts'

const half = { type: 'F16', shape: [256, 4], bytes: 2048 }
const quarter = { type: 'Q4_K', shape: [256, 4], bytes: 576 }
const failure = { code: 'FILE_CHANGED', message: 'The file has changed', fault: 'input' } as const

const pairs: readonly TensorPair[] = [
  { name: 'norm', a: half, b: half },
  { name: 'q', a: half, b: quarter },
  { name: 'k', a: half, b: quarter },
  { name: 'shape', a: half, b: { ...half, shape: [256, 8], bytes: 4096 } },
  { name: 'only', a: half, b: null },
]
const results = new Map<string, PairResult>([
  ['norm', { relativeError: 0, nonFinite: 0 }],
  ['q', { relativeError: 0.07, nonFinite: 2 }],
  ['k', failure],
])
const error = (name: string) => {
  const pair = pairs.find((one) => one.name === name)
  return pair ? pairCell(pair, results.get(name), 'error') : null
}

it('says identical, how different, or why there is no number', () => {
  expect(error('norm')?.text).toBe('identical')
  expect(error('q')).toMatchObject({ text: '0.0700 !', title: '0.07, 2 NaN or infinite' })
  expect(error('k')).toMatchObject({ text: 'failed', title: 'The file has changed' })
  expect(error('shape')).toMatchObject({ text: 'shapes differ', title: 'Shapes: 256 × 4, 256 × 8' })
  expect(error('only')?.text).toBe('only in A')
})

it('puts the largest errors first and what has none yet behind them', () => {
  const sorted = sortPairs(pairs, results, { column: 'error', descending: true })
  expect(sorted.slice(0, 2).map(({ name }) => name)).toEqual(['q', 'norm'])
  const bySize = sortPairs(pairs, new Map(), { column: 'change', descending: true })
  expect(bySize.map(({ name }) => name)).toEqual(['shape', 'only', 'q', 'k', 'norm'])
})

it('filters by name, and to what differs as far as it is known', () => {
  const shown = (text: string, onlyDifferent: boolean) =>
    filterPairs(pairs, results, { text, onlyDifferent }).map(({ name }) => name)
  expect(shown('', true)).toEqual(['q', 'k', 'shape', 'only'])
  expect(shown('n*', false)).toEqual(['norm'])
  expect(shown('/(/', false)).toEqual([])
})

it('sums bytes and tensors of each type on both sides', () => {
  expect(typeTotals(pairs)).toEqual([
    { type: 'F16', a: { bytes: 10_240, tensors: 5 }, b: { bytes: 6144, tensors: 2 } },
    { type: 'Q4_K', a: { bytes: 0, tensors: 0 }, b: { bytes: 1152, tensors: 2 } },
  ])
})

it('saves figures and reasons', () => {
  expect(pairTable(pairs, results).rows.map((row) => row.slice(5))).toEqual([
    [0, 0, null],
    [0.07, 2, null],
    [null, null, 'The file has changed'],
    [null, null, 'shapes differ'],
    [null, null, 'only in A'],
  ])
})
