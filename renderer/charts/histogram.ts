/** Distribution of a tensor's weights. */
import type { CustomSeriesOption } from 'echarts/charts'
import type { Histogram } from '../../preload/contract.ts'
import type { ChartOption } from './echarts.ts'
import { exact, percent, significant } from './numbers.ts'
import { axisLooks, baseOption, dataOf, tooltipMarkup } from './parts.ts'
import type { ChartTheme } from './theme.ts'

export interface HistogramInput {
  readonly histogram: Histogram
  /** Logarithmic counts show the tails that decide about outliers. */
  readonly logCounts: boolean
}

export interface HistogramBin {
  readonly from: number
  readonly to: number
  readonly weights: number
}

/** Bins with their edges; the rows of the chart's table. */
export function histogramBins(histogram: Histogram): readonly HistogramBin[] {
  const width = (histogram.maximum - histogram.minimum) / Math.max(1, histogram.counts.length)
  return histogram.counts.map((weights, index) => ({
    from: histogram.minimum + width * index,
    to: histogram.minimum + width * (index + 1),
    weights,
  }))
}

interface Item {
  /** Left edge, right edge, count. */
  readonly value: [from: number, to: number, weights: number]
}

function binMarkup(parameters: unknown, counted: number): string {
  const item = dataOf<Item>(parameters)
  if (!item) return ''
  const [from, to, weights] = item.value
  return tooltipMarkup(`${significant(from)} to ${significant(to)}`, [
    ['Weights', exact(weights)],
    ['Share', percent(weights / Math.max(1, counted))],
  ])
}

function bars(items: Item[], input: HistogramInput, theme: ChartTheme): CustomSeriesOption {
  return {
    type: 'custom',
    data: items,
    encode: { x: [0, 1], y: 2 },
    renderItem: (_parameters, api) => {
      const [left = 0, top = 0] = api.coord([api.value(0), api.value(2)])
      const [right = 0, bottom = 0] = api.coord([api.value(1), input.logCounts ? 1 : 0])
      return {
        type: 'rect',
        shape: {
          x: Math.round(left),
          y: top,
          width: Math.max(1, Math.round(right) - Math.round(left)),
          height: Math.max(1, bottom - top),
        },
        style: { fill: theme.accent },
        emphasis: { style: { fill: theme.text } },
      }
    },
  }
}

export function histogramOption(input: HistogramInput, theme: ChartTheme): ChartOption {
  const { histogram, logCounts } = input
  const base = baseOption(theme)
  const filled = histogramBins(histogram).filter((bin) => bin.weights > 0)
  const items = filled.map((bin): Item => ({ value: [bin.from, bin.to, bin.weights] }))
  const counted = histogram.counts.reduce((sum, weights) => sum + weights, 0)
  const looks = axisLooks(theme)
  return {
    ...base,
    grid: { left: 58, right: 16, top: 28, bottom: 40, outerBoundsMode: 'none' },
    tooltip: { ...base.tooltip, formatter: (parameters) => binMarkup(parameters, counted) },
    xAxis: {
      ...looks,
      type: 'value',
      name: 'weight',
      nameLocation: 'middle',
      nameGap: 24,
      min: histogram.minimum,
      max: histogram.maximum,
      splitLine: { show: false },
      axisLabel: { ...looks.axisLabel, formatter: (value: number) => significant(value), hideOverlap: true },
    },
    yAxis: {
      ...looks,
      type: logCounts ? 'log' : 'value',
      name: logCounts ? 'weights per bin (log)' : 'weights per bin',
      nameTextStyle: { ...looks.nameTextStyle, align: 'left', padding: [0, 0, 0, -40] },
      ...(logCounts ? { min: 1 } : {}),
      axisLabel: { ...looks.axisLabel, formatter: (value: number) => significant(value, 2) },
    },
    series: bars(items, input, theme),
  }
}
