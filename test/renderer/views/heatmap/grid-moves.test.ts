import { expect, it } from 'vitest'
import { heatmapPlaces } from '../../../../renderer/charts/heatmap-places.ts'
import { layerGrid } from '../../../../renderer/charts/layer-grid.ts'
import { placeBeside, rectangle } from '../../../../renderer/views/heatmap/grid-moves.ts'
import { heatmapCells } from '../../../../renderer/views/heatmap/heatmap-values.ts'
import { llamaTensors } from '../../../support/window-data.ts'

const tensors = llamaTensors(3).filter((tensor) => tensor.quantizable)
const cells = heatmapCells(tensors, { table: new Map(), minus: null }, 'relativeError')
const places = heatmapPlaces(cells, (value) => value)
const grid = layerGrid(cells)
const at = (name: string) => places.find((place) => place.tensor === name) ?? null
const beside = (from: string, key: string) => placeBeside(places, grid, at(from), key)?.tensor

it('moves along layers and roles', () => {
  expect(beside('blk.1.attn_q.weight', 'ArrowDown')).toBe('blk.2.attn_q.weight')
  expect(beside('blk.1.attn_q.weight', 'ArrowRight')).toBe('blk.1.attn_k.weight')
})

it('reaches the strip of global tensors above the first layer', () => {
  expect(beside('blk.0.attn_q.weight', 'ArrowUp')).toBe('token_embd.weight')
  expect(beside('token_embd.weight', 'ArrowRight')).toBe('output.weight')
})

it('stays where the grid ends', () => {
  expect(beside('blk.2.attn_q.weight', 'ArrowDown')).toBeUndefined()
  expect(beside('blk.2.attn_q.weight', 'x')).toBeUndefined()
})

it('begins with the first place', () => {
  expect(placeBeside(places, grid, null, 'ArrowDown')).toBe(places[0])
})

it('selects the rectangle between two places', () => {
  const [from, to] = [at('blk.0.attn_q.weight'), at('blk.1.attn_k.weight')]
  if (!from || !to) throw new Error('places are missing')
  expect(rectangle(places, grid, from, to)).toEqual([
    'blk.0.attn_q.weight',
    'blk.0.attn_k.weight',
    'blk.1.attn_q.weight',
    'blk.1.attn_k.weight',
  ])
})
