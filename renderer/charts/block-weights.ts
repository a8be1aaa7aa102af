/** The weights under one scale, and what two roundings make of them. */
import type { ExploredGroup } from '../../preload/contract.ts'
import type { ChartOption } from './echarts.ts'
import { significant } from './numbers.ts'
import { axisLooks, baseOption, tooltipMarkup } from './parts.ts'
import type { ChartTheme } from './theme.ts'

export interface BlockNames {
  readonly reference: string
  readonly chosen: string
}

/** Reference and chosen are told apart by shape too. Blue: Okabe and Ito. */
export const REFERENCE_COLOUR = '#2f8fcb'

export function blockWeightsOption(block: ExploredGroup, names: BlockNames, theme: ChartTheme): ChartOption {
  const base = baseOption(theme)
  const pairs = (values: readonly number[]) => values.map((value, place) => [place, value])
  return {
    ...base,
    grid: { left: 64, right: 16, top: 30, bottom: 40, outerBoundsMode: 'none' },
    legend: {
      top: 0,
      left: 56,
      textStyle: { color: theme.text },
      itemWidth: 12,
      itemHeight: 9,
      inactiveColor: theme.line,
    },
    tooltip: { ...base.tooltip, trigger: 'axis', formatter: (given: unknown) => markup(given, block, names) },
    xAxis: {
      ...axisLooks(theme),
      type: 'value',
      min: -1,
      max: block.weights.length,
      axisLabel: { ...axisLooks(theme).axisLabel, showMinLabel: false, showMaxLabel: false },
      splitLine: { show: false },
      name: 'weight of the block',
      nameLocation: 'middle',
      nameGap: 24,
    },
    yAxis: {
      ...axisLooks(theme),
      type: 'value',
      axisLabel: { ...axisLooks(theme).axisLabel, formatter: tick },
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

function tick(value: number): string {
  return significant(value, 2)
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
