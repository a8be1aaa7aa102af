import { describe, expect, test } from 'vitest'
import {
  clickedLine,
  gridHeight,
  groupByPlace,
  layerGrid,
  positions,
} from '../../../renderer/charts/layer-grid.ts'

const places = [
  { layer: 10, role: 'ffn_down' },
  { layer: 2, role: 'attn_q' },
  { layer: 2, role: 'unheard_of' },
  { layer: null, role: 'token_embd' },
]

test('layers are in numeric order, roles in the order of computation, strangers last', () => {
  expect(layerGrid(places)).toEqual({
    layers: [2, 10],
    roles: ['attn_q', 'ffn_down', 'unheard_of'],
    globals: ['token_embd'],
  })
})

test('tensors of no layer have the strip above as their axes', () => {
  const position = positions(layerGrid(places))
  expect(position({ layer: null, role: 'token_embd' })).toEqual({ axes: 1, x: 0, y: 0 })
  expect(position({ layer: 10, role: 'ffn_down' })).toEqual({ axes: 0, x: 1, y: 1 })
})

test('20,000 expert tensors fall into the places of their layers and roles', () => {
  const experts = Array.from({ length: 20_000 }, (_none, index) => ({ layer: index % 50, role: 'ffn_up' }))
  const groups = groupByPlace(experts)
  expect(groups).toHaveLength(50)
  expect(groups.every((group) => group.length === 400)).toBe(true)
})

test('a deep model takes more height than there is, a shallow one no more than it needs', () => {
  const deep = layerGrid(Array.from({ length: 94 }, (_none, layer) => ({ layer, role: 'attn_q' })))
  const shallow = layerGrid([{ layer: 0, role: 'attn_q' }])
  expect(gridHeight(deep, 300)).toBeGreaterThan(600)
  expect(gridHeight(shallow, 900)).toBeLessThan(120)
})

describe('the name of a row or column', () => {
  const inLayer = { layer: 3, role: 'attn_q' }
  const global = { layer: null, role: 'output' }
  const named = (componentType: string, componentIndex: number, value: string) =>
    [inLayer, global].filter(clickedLine({ componentType, componentIndex, value }) ?? (() => false))

  test('stands for everything in it', () => {
    expect(named('xAxis', 0, 'attn_q')).toEqual([inLayer])
    expect(named('xAxis', 1, 'output')).toEqual([global])
    expect(named('yAxis', 0, '3')).toEqual([inLayer])
    expect(named('yAxis', 1, 'global')).toEqual([global])
    expect(named('yAxis', 0, '4')).toEqual([])
  })

  test('is no cell', () => {
    expect(clickedLine({ componentType: 'series', value: [1, 2, 3] })).toBeNull()
  })
})
