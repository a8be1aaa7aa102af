/** One bar per measured group of tensors, with its standard error; the largest on top. */
import type { CustomSeriesOption } from 'echarts/charts'
import type { ChartOption, RenderItem } from './echarts.ts'
import type { Scale } from './measures.ts'
import { significant } from './numbers.ts'
import { axisLooks, baseOption, dataOf, tooltipMarkup, type TooltipRow } from './parts.ts'
import type { ChartTheme } from './theme.ts'

export interface SensitivityBar {
  readonly name: string
  readonly value: number
  /** Null where it is not known. */
  readonly standardError: number | null
  readonly tensors: readonly string[]
  readonly selected: boolean
  readonly details: readonly TooltipRow[]
}

interface Item {
  readonly value: readonly number[]
  readonly bar: () => SensitivityBar
}

const ROW_HEIGHT = 18
const BAR_HEIGHT = 11
const AXIS_HEIGHT = 46
const NAME_WIDTH = 190

/** Pixels in which every bar can be read. */
export function barsHeight(bars: number): number {
  return bars * ROW_HEIGHT + AXIS_HEIGHT
}

/** The bar of a click or a tooltip. */
export function sensitivityBarOf(parameters: unknown): SensitivityBar | null {
  return dataOf<Item>(parameters)?.bar() ?? null
}

/**
 * Bars and errors in one series. A bar series would begin its bars at 1 on a logarithmic axis, and draw what is below
 * from right to left.
 */
function bars(all: readonly SensitivityBar[], start: number, theme: ChartTheme): CustomSeriesOption {
  const data = all.map((bar, row) => {
    const spread = bar.standardError ?? 0
    const ends = [Math.max(start, bar.value - spread), bar.value + spread] as const
    return { value: [row, bar.value, ...ends], bar: () => bar }
  })
  const renderItem: RenderItem = (parameters, api) => {
    const bar = all[parameters.dataIndex]
    if (!bar) return
    const [left = 0, y = 0] = api.coord([start, api.value(0)])
    const x = (dimension: number) => api.coord([Math.max(start, Number(api.value(dimension))), 0])[0] ?? 0
    const shape = { x: left, y: y - BAR_HEIGHT / 2, width: Math.max(1, x(1) - left), height: BAR_HEIGHT }
    const fill = bar.selected ? theme.accent : theme.muted
    const rect = { type: 'rect' as const, shape, style: { fill, opacity: bar.selected ? 1 : 0.65 } }
    return {
      type: 'group',
      children: [rect, ...(bar.standardError === null ? [] : whisker(x(2), x(3), y, theme))],
    }
  }
  return { type: 'custom', name: 'sensitivity', encode: { x: [1, 3], y: 0 }, data, renderItem }
}

/** A line from the low to the high end, with a small one across each. */
function whisker(low: number, high: number, y: number, theme: ChartTheme) {
  const style = { stroke: theme.text, lineWidth: 1 }
  const line = (x1: number, y1: number, x2: number, y2: number) => {
    return { type: 'line' as const, shape: { x1, y1, x2, y2 }, style, silent: true }
  }
  return [line(low, y, high, y), line(low, y - 3, low, y + 3), line(high, y - 3, high, y + 3)]
}

function barMarkup(parameters: unknown): string {
  const bar = sensitivityBarOf(parameters)
  return bar ? tooltipMarkup(bar.name, bar.details) : ''
}

/** The power of ten below the smallest bar: where bars begin on a logarithmic axis. */
function startOf(all: readonly SensitivityBar[]): number {
  const least = all.reduce(
    (smallest, { value }) => (value > 0 ? Math.min(smallest, value) : smallest),
    Infinity,
  )
  return Number.isFinite(least) ? 10 ** Math.floor(Math.log10(least)) : 1
}

/** @param label what the bars measure, with its unit */
export function sensitivityBarsOption(
  all: readonly SensitivityBar[],
  label: string,
  scale: Scale,
  theme: ChartTheme,
): ChartOption {
  const start = scale === 'log' ? startOf(all) : 0
  const base = baseOption(theme)
  const looks = axisLooks(theme)
  return {
    ...base,
    grid: { left: NAME_WIDTH, right: 28, top: 4, bottom: AXIS_HEIGHT - 4, outerBoundsMode: 'none' },
    tooltip: { ...base.tooltip, formatter: barMarkup },
    xAxis: {
      ...looks,
      type: scale === 'log' ? 'log' : 'value',
      min: start,
      name: label,
      nameLocation: 'middle',
      nameGap: 24,
      axisLabel: {
        ...looks.axisLabel,
        formatter: (value: number) => significant(value, scale === 'log' ? 1 : 2),
        hideOverlap: true,
      },
    },
    yAxis: {
      ...looks,
      type: 'category',
      inverse: true,
      data: all.map(({ name }) => name),
      axisLabel: { ...looks.axisLabel, interval: 0, width: NAME_WIDTH - 12, overflow: 'truncate' },
      splitLine: { show: false },
    },
    series: [bars(all, start, theme)],
  }
}
