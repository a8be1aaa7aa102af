/** The weights under one scale, and what two roundings make of them. */
import type { ExploredGroup } from '../../preload/contract.ts'
import { blockFrame, blockPlaceAxis, blockTick, REFERENCE_COLOUR, type BlockNames } from './block-frame.ts'
import type { ChartOption } from './echarts.ts'
import { significant } from './numbers.ts'
import { axisLooks, baseOption, tooltipMarkup } from './parts.ts'
import type { ChartTheme } from './theme.ts'

export function blockWeightsOption(block: ExploredGroup, names: BlockNames, theme: ChartTheme): ChartOption {
  const base = baseOption(theme)
  const pairs = (values: readonly number[]) => values.map((value, place) => [place, value])
  return {
    ...base,
    ...blockFrame('weight', names, theme),
    tooltip: { ...base.tooltip, trigger: 'axis', formatter: (given: unknown) => markup(given, block, names) },
    xAxis: blockPlaceAxis('weight of the block', [-1, block.weights.length], theme),
    yAxis: {
      ...axisLooks(theme),
      type: 'value',
      axisLabel: { ...axisLooks(theme).axisLabel, formatter: blockTick },
    },
    series: [
      {
        type: 'bar',
        name: 'weight',
        data: pairs(block.weights),
        barWidth: `${Math.min(70, 1800 / block.weights.length)}%`,
        itemStyle: { color: theme.muted, opacity: 0.35 },
      },
      {
        type: 'scatter',
        name: names.reference,
        data: pairs(block.reference.decoded),
        symbol: 'circle',
        symbolSize: 8,
        itemStyle: { color: 'transparent', borderColor: REFERENCE_COLOUR, borderWidth: 2 },
      },
      {
        type: 'scatter',
        name: names.chosen,
        data: pairs(block.chosen.decoded),
        symbol: 'diamond',
        symbolSize: 7,
        itemStyle: { color: theme.accent },
      },
    ],
  }
}

function placeIn(given: unknown): number | null {
  const [first] = Array.isArray(given) ? (given as readonly unknown[]) : [given]
  const value = (first as { readonly value?: unknown } | undefined)?.value
  return Array.isArray(value) ? Number(value[0]) : null
}

function markup(given: unknown, block: ExploredGroup, names: BlockNames): string {
  const place = placeIn(given)
  const weight = place === null ? undefined : block.weights[place]
  if (place === null || weight === undefined) return ''
  const rounded = (one: ExploredGroup['chosen']) =>
    `${significant(one.decoded[place] ?? 0)} (code ${one.levels[place]})`
  return tooltipMarkup(`Weight ${place}`, [
    ['Value', significant(weight, 4)],
    ['Counts', significant(block.errorWeights[place] ?? 0)],
    [names.reference, rounded(block.reference)],
    [names.chosen, rounded(block.chosen)],
  ])
}
