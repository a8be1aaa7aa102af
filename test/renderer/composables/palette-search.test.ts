import { expect, it } from 'vitest'
import { searchPalette } from '../../../renderer/composables/palette-search.ts'

const entry = (title: string, group = 'Tensors') => ({ id: title, title, group, note: '', run: () => null })
const titles = (query: string, limit = 10) =>
  searchPalette(
    [entry('Heatmap', 'Go to'), entry('blk.0.attn_q.weight'), entry('attn heat'), entry('output.weight')],
    query,
    limit,
  ).map((one) => one.title)

it('finds entries that hold every word', () => {
  expect(titles('weight attn')).toEqual(['blk.0.attn_q.weight'])
})

it('puts entries that begin with the query first', () => {
  expect(titles('att')).toEqual(['attn heat', 'blk.0.attn_q.weight'])
})

it('searches the group too', () => {
  expect(titles('go to')).toEqual(['Heatmap'])
})

it('stops at the limit', () => {
  expect(titles('', 2)).toHaveLength(2)
})
