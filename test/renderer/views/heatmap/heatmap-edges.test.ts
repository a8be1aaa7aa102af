import { expect, it } from 'vitest'
import { heatmapOption, heatmapScale, type HeatmapInput } from '../../../../renderer/charts/heatmap.ts'
import { layerGrid } from '../../../../renderer/charts/layer-grid.ts'
import { measureInfo } from '../../../../renderer/charts/measures.ts'
import { CHART_THEMES } from '../../../../renderer/charts/theme.ts'
import { withEdges } from '../../../../renderer/views/heatmap/heatmap-edges.ts'
import { mapHeightOf } from '../../../../renderer/views/heatmap/map-height.ts'

const theme = CHART_THEMES.light
const measure = measureInfo('relativeError')

function inputOf(layers: number): HeatmapInput {
  const cells = Array.from({ length: layers }, (_none, layer) => ({
    tensor: `blk.${layer}.attn_q.weight`,
    layer,
    role: 'attn_q',
    value: 0.01 * (layer + 1),
    sampled: false,
  }))
  return { cells, measure, scale: 'log', palette: 'cividis', selected: new Set(), range: null }
}

interface Series {
  readonly name?: string
  readonly data: readonly { readonly figure: number; readonly label: { readonly color: string } }[]
}

function edgesOf(input: HeatmapInput, layers: readonly (number | null)[]) {
  const grid = layerGrid(input.cells)
  const looks = { grid, measure, scale: heatmapScale(input), theme }
  const option = withEdges(heatmapOption(input, theme), { layers, roles: [0.015] }, looks)
  const series = option.series as unknown as readonly Series[]
  return { option, series, named: (name: string) => series.find((one) => one.name === name)?.data ?? [] }
}

it('adds one cell per layer and role, coloured by the same legend', () => {
  const { option, series, named } = edgesOf(inputOf(2), [0.01, 0.02])
  expect(named('per layer').map((item) => item.figure)).toEqual([0.01, 0.02])
  expect(named('per role').map((item) => item.figure)).toEqual([0.015])
  const legend = option.visualMap as { seriesIndex: readonly number[] }
  expect(legend.seriesIndex.slice(2).map((index) => series[index]?.name)).toEqual(['per layer', 'per role'])
})

it('writes dark figures on bright cells and bright ones on dark cells', () => {
  const { named } = edgesOf(inputOf(2), [0.01, 0.02])
  expect(named('per layer').map((item) => item.label.color)).toEqual(['#ffffff', '#000000'])
})

it('leaves a layer without measurements empty', () => {
  expect(edgesOf(inputOf(2), [null, 0.02]).named('per layer')).toHaveLength(1)
})

it('changes nothing where there are no layers', () => {
  const cells = [{ tensor: 'w', layer: null, role: 'w', value: 0.1, sampled: false }]
  const input = { ...inputOf(1), cells }
  expect(edgesOf(input, []).series).toHaveLength((heatmapOption(input, theme).series as []).length)
})

it('never asks for a canvas that a browser draws slowly', () => {
  expect(mapHeightOf(layerGrid(inputOf(2500).cells), 600)).toBe(2000)
  expect(mapHeightOf(layerGrid(inputOf(4).cells), 600)).toBeLessThan(600)
})
