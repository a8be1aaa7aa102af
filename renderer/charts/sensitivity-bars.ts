/** One bar per measured group of tensors, with its standard error; the largest on top. */
import type { BarSeriesOption, CustomSeriesOption } from 'echarts/charts'
import type { ChartOption } from './echarts.ts'
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
  readonly value: number
  readonly bar: () => SensitivityBar
}

const ROW_HEIGHT = 18
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

function bars(all: readonly SensitivityBar[], theme: ChartTheme): BarSeriesOption {
  return {
    type: 'bar',
    name: 'sensitivity',
    barWidth: '62%',
    data: all.map((bar) => ({
      value: bar.value,
      bar: () => bar,
      itemStyle: { color: bar.selected ? theme.accent : theme.muted, opacity: bar.selected ? 1 : 0.65 },
    })),
  }
}

function errorBars(all: readonly SensitivityBar[], start: number, theme: ChartTheme): CustomSeriesOption {
  return {
    type: 'custom',
    name: 'standard error',
    silent: true,
    z: 4,
    encode: { x: [1, 2], y: 0 },
    data: all.flatMap(({ value, standardError }, row) =>
      standardError === null ? [] : [[row, Math.max(start, value - standardError), value + standardError]],
    ),
    renderItem: (_parameters, api) => {
      const [low = 0, y = 0] = api.coord([api.value(1), api.value(0)])
      const [high = 0] = api.coord([api.value(2), api.value(0)])
      const style = { stroke: theme.text, lineWidth: 1 }
      const end = (x: number) => ({
        type: 'line' as const,
        shape: { x1: x, y1: y - 3, x2: x, y2: y + 3 },
        style,
      })
      const middle = { type: 'line' as const, shape: { x1: low, y1: y, x2: high, y2: y }, style }
      return { type: 'group', children: [middle, end(low), end(high)] }
    },
  }
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
        formatter: (value: number) => significant(value, 2),
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
    series: [bars(all, theme), errorBars(all, start, theme)],
  }
}
