import { describe, expect, test } from 'vitest'
import { heatmapOption, heatmapScale, placeOf, type HeatmapInput } from '../../../renderer/charts/heatmap.ts'
import { heatmapPlaces, type HeatmapCell } from '../../../renderer/charts/heatmap-places.ts'
import { measureInfo } from '../../../renderer/charts/measures.ts'
import { CIVIDIS } from '../../../renderer/charts/palette.ts'
import { CHART_THEMES } from '../../../renderer/charts/theme.ts'
import { draw, fillsOf, textsOf } from './draw.ts'

function cell(layer: number | null, role: string, value: number | null, sampled = false): HeatmapCell {
  return { layer, role, value, sampled, tensor: `${layer ?? 'global'}.${role}` }
}

function input(cells: readonly HeatmapCell[], rest: Partial<HeatmapInput> = {}): HeatmapInput {
  const measure = measureInfo('relativeError')
  const plain = {
    measure,
    scale: 'log',
    palette: 'cividis',
    selected: new Set<string>(),
    range: null,
  } as const
  return { ...plain, cells, ...rest }
}

interface SeriesData {
  readonly name: string
  readonly data: readonly { readonly tensor: string }[]
}

function seriesOf(heatmap: HeatmapInput): readonly SeriesData[] {
  return heatmapOption(heatmap, CHART_THEMES.light).series as unknown as readonly SeriesData[]
}

function marked(heatmap: HeatmapInput, name: string): readonly string[] {
  return seriesOf(heatmap)
    .filter((series) => series.name === name)
    .flatMap((series) => series.data.map((item) => item.tensor))
}

describe('places', () => {
  const experts = [0.1, 0.3, null, 0.2].map((value, expert): HeatmapCell => {
    return { layer: 0, role: 'ffn_up_exps', tensor: `expert ${expert}`, value, sampled: expert === 0 }
  })

  test('tensors of one place show the worst value and how many there are', () => {
    const [place] = heatmapPlaces(experts, (value) => value)
    expect(place).toMatchObject({ tensor: 'expert 1', value: 0.3, measured: 3, sampled: true })
    expect(place?.tensors).toHaveLength(4)
  })

  test('the worst cosine is the lowest', () => {
    const [place] = heatmapPlaces(experts, (value) => -value)
    expect(place?.value).toBe(0.1)
  })

  test('a place with nothing measured has no value', () => {
    const [place] = heatmapPlaces([cell(0, 'attn_q', null)], (value) => value)
    expect(place).toMatchObject({ value: null, measured: 0, sampled: false })
  })
})

describe('marks', () => {
  const cells = [cell(0, 'attn_q', 0.1, true), cell(0, 'attn_k', null), cell(null, 'output', 0.2)]

  test('what is not measured is hollow, what is empty is nothing', () => {
    expect(marked(input(cells), 'not measured')).toEqual(['0.attn_k'])
    expect(marked(input(cells), 'layers')).toEqual(['0.attn_q'])
  })

  test('estimates are hatched', () => {
    expect(marked(input(cells), 'sampled')).toEqual(['0.attn_q'])
  })

  test('the selection is outlined', () => {
    expect(marked(input(cells, { selected: new Set(['global.output']) }), 'selected')).toEqual([
      'global.output',
    ])
  })
})

test('draws the extremes of the ramp for the best and the worst tensor, roles and layers beside them', () => {
  const cells = [cell(3, 'attn_q', 0.01), cell(3, 'attn_k', 0.1), cell(null, 'output', 0.03)]
  const picture = draw(heatmapOption(input(cells), CHART_THEMES.light))
  expect(fillsOf(picture, CIVIDIS[0])).toBeGreaterThan(0)
  expect(fillsOf(picture, CIVIDIS[9])).toBeGreaterThan(0)
  expect(textsOf(picture)).toEqual(
    expect.arrayContaining(['attn_q', 'attn_k', 'output', '3', 'global', '0.0100', '0.100']),
  )
})

test('draws a model of which nothing is measured', () => {
  const picture = draw(heatmapOption(input([cell(0, 'attn_q', null)]), CHART_THEMES.dark))
  expect(textsOf(picture)).toContain('attn_q')
})

test('a difference has zero in the middle of its scale', () => {
  const scale = heatmapScale(input([cell(0, 'a', -0.2), cell(0, 'b', 0.05)], { palette: 'difference' }))
  expect([scale.minimum, scale.maximum]).toEqual([-0.2, 0.2])
})

test('the tooltip says how many tensors a place has and escapes their names', () => {
  const cells = ['<b>one</b>', 'two'].map((tensor, index): HeatmapCell => {
    return { layer: 1, role: 'ffn_up', tensor, value: 0.2 - index * 0.1, sampled: false }
  })
  const option = heatmapOption(input(cells), CHART_THEMES.light)
  const [series] = option.series as unknown as readonly { data: readonly unknown[] }[]
  const formatter = (option.tooltip as unknown as { formatter: (one: unknown) => string }).formatter
  const text = formatter({ data: series?.data[0] })
  expect(text).toContain('2, 2 measured')
  expect(text).toContain('&lt;b&gt;one&lt;/b&gt;')
  expect(text).not.toContain('<b>')
})

test('a click finds its place', () => {
  const [series] = seriesOf(input([cell(0, 'attn_q', 0.1)]))
  expect(placeOf({ data: series?.data[0] })).toMatchObject({ layer: 0, role: 'attn_q' })
  expect(placeOf({ data: 3 })).toBeNull()
})
