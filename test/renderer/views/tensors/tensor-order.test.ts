import { expect, it } from 'vitest'
import { sortIndices, TensorKeys, type SortColumn } from '../../../../renderer/views/tensors/tensor-order.ts'
import { llamaTensors, measurementOf, tensorOf } from '../../../support/window-data.ts'

const tensors = [
  tensorOf('blk.10.attn_q.weight', { bytes: 300, type: 'F32' }),
  tensorOf('blk.2.attn_q.weight', { bytes: 100 }),
  tensorOf('token_embd.weight', { bytes: 300 }),
  tensorOf('blk.2.attn_k.weight', { bytes: 200, shape: [512, 512] }),
]
const keys = new TensorKeys(tensors)

function order(column: Exclude<SortColumn, 'error'>, descending = false): readonly string[] {
  const indices = sortIndices(Uint32Array.of(0, 1, 2, 3), keys.of(column), descending)
  return Array.from(indices, (index) => tensors[index]?.name.replace('.weight', '') ?? '')
}

it('sorts names by their numbers, not their digits', () => {
  expect(order('name')).toEqual(['blk.2.attn_k', 'blk.2.attn_q', 'blk.10.attn_q', 'token_embd'])
})

it('puts tensors of no layer last in both directions', () => {
  expect(order('layer').at(-1)).toBe('token_embd')
  expect(order('layer', true).at(-1)).toBe('token_embd')
  expect(order('layer', true)[0]).toBe('blk.10.attn_q')
})

it('keeps file order among equals', () => {
  expect(order('bytes', true)).toEqual(['blk.10.attn_q', 'token_embd', 'blk.2.attn_k', 'blk.2.attn_q'])
  expect(order('type')).toEqual(['blk.2.attn_q', 'token_embd', 'blk.2.attn_k', 'blk.10.attn_q'])
})

it('sorts shapes by their number of weights', () => {
  expect(order('shape', true)[0]).toBe('blk.2.attn_k')
})

it('puts tensors that are not measured last in both directions', () => {
  const table = new Map([
    ['blk.2.attn_q.weight', measurementOf('blk.2.attn_q.weight', { relativeError: 0.01 })],
    ['token_embd.weight', measurementOf('token_embd.weight', { relativeError: 0.09 })],
  ])
  const errors = keys.ofMeasure(table, 'relativeError')
  expect([...sortIndices(Uint32Array.of(0, 1, 2, 3), errors, true)]).toEqual([2, 1, 0, 3])
  expect([...sortIndices(Uint32Array.of(0, 1, 2, 3), errors, false)]).toEqual([1, 2, 0, 3])
})

it('sorts 20,000 tensors into the order of a plain comparison', () => {
  const many = llamaTensors(2222)
  const shuffled = many.map((tensor, index) => ({ ...tensor, bytes: (index * 7919) % 20_011 }))
  const all = Uint32Array.from(shuffled, (_tensor, index) => index)
  const sorted = sortIndices(all, new TensorKeys(shuffled).of('bytes'), false)
  const bytes = Array.from(sorted, (index) => shuffled[index]?.bytes ?? -1)
  expect(bytes).toEqual(shuffled.map((tensor) => tensor.bytes).sort((a, b) => a - b))
})
