/** Bars at the edges of the heatmap: the chosen measure over each layer and over each role. */
import type { BarSeriesOption } from 'echarts/charts'
import type { GridComponentOption } from 'echarts/components'
import type { ChartOption } from '../../charts/echarts.ts'
import type { LayerGrid } from '../../charts/layer-grid.ts'
import type { MeasureInfo } from '../../charts/measures.ts'
import { significant } from '../../charts/numbers.ts'
import { dataOf, tooltipMarkup } from '../../charts/parts.ts'
import type { ChartTheme } from '../../charts/theme.ts'

export interface Edges {
  /** One value per layer and per role of the grid; null: nothing measured. */
  readonly layers: readonly (number | null)[]
  readonly roles: readonly (number | null)[]
}

/** Pixels the bars take at the right and below. */
export const EDGE_WIDTH = 92
export const EDGE_HEIGHT = 54
const GAP = 8

type Many<T> = T | readonly T[] | undefined

function list<T>(value: Many<T>): T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? [...(value as readonly T[])] : [value as T]
}

interface Bar {
  readonly value: number
  readonly title: string
}

function bars(names: readonly string[], values: readonly (number | null)[], kind: string): (Bar | null)[] {
  return names.map((name, index) => {
    const value = values[index] ?? null
    return value === null ? null : { value, title: `${kind} ${name}` }
  })
}

function series(
  axis: number,
  data: (Bar | null)[],
  measure: MeasureInfo,
  theme: ChartTheme,
): BarSeriesOption {
  const unit = measure.unit ? ` ${measure.unit}` : ''
  return {
    type: 'bar',
    name: axis === 2 ? 'per layer' : 'per role',
    xAxisIndex: axis,
    yAxisIndex: axis,
    data: data.map((bar) => bar ?? '-'),
    barWidth: '60%',
    barMaxWidth: 18,
    itemStyle: { color: theme.muted, opacity: 0.75 },
    label: {
      show: axis === 3,
      position: 'bottom',
      color: theme.muted,
      fontSize: 10,
      formatter: (parameters) => significant(dataOf<Bar>(parameters)?.value ?? null, 2),
    },
    tooltip: {
      formatter: (parameters: unknown) => {
        const bar = dataOf<Bar>(parameters)
        return bar ? tooltipMarkup(bar.title, [[measure.label, significant(bar.value) + unit]]) : ''
      },
    },
  }
}

/** Bars begin at zero, except where all values crowd at the other end (a cosine near 1). */
function valueAxis(gridIndex: number, inverse: boolean, measure: MeasureInfo) {
  return { type: 'value' as const, gridIndex, show: false, inverse, scale: measure.name === 'cosine' }
}

function nameAxis(gridIndex: number, names: readonly string[], inverse: boolean) {
  return { type: 'category' as const, gridIndex, show: false, inverse, data: [...names] }
}

function besides(grid: GridComponentOption, below: number): GridComponentOption {
  return {
    ...grid,
    right: EDGE_WIDTH + GAP,
    ...('bottom' in grid && { bottom: Number(grid.bottom) + below }),
  }
}

/** The heatmap's option with its edges: grid 2 at the right of the layers, grid 3 below the roles. */
export function withEdges(
  option: ChartOption,
  grid: LayerGrid,
  edges: Edges,
  measure: MeasureInfo,
  theme: ChartTheme,
): ChartOption {
  if (grid.layers.length === 0) return option
  const [main = {}, strip = {}] = list(option.grid as Many<GridComponentOption>)
  const layers = grid.layers.map(String)
  const sides = { outerBoundsMode: 'none' as const }
  const atRight = {
    ...sides,
    top: main.top ?? 0,
    bottom: Number(main.bottom) + EDGE_HEIGHT,
    right: GAP,
    width: EDGE_WIDTH - GAP,
  }
  const below = {
    ...sides,
    left: main.left ?? 0,
    right: EDGE_WIDTH + GAP,
    height: EDGE_HEIGHT - 20,
    bottom: Number(main.bottom) + 14,
  }
  return {
    ...option,
    grid: [besides(main, EDGE_HEIGHT), besides(strip, 0), atRight, below],
    xAxis: [
      ...list(option.xAxis as Many<object>),
      valueAxis(2, false, measure),
      nameAxis(3, grid.roles, false),
    ],
    yAxis: [...list(option.yAxis as Many<object>), nameAxis(2, layers, true), valueAxis(3, true, measure)],
    series: [
      ...list(option.series as Many<BarSeriesOption>),
      series(2, bars(layers, edges.layers, 'layer'), measure, theme),
      series(3, bars(grid.roles, edges.roles, ''), measure, theme),
    ],
  }
}
