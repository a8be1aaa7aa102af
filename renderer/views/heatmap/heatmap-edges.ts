/** Cells at the edges of the heatmap: the chosen measure over each whole layer and each whole role. */
import type { HeatmapSeriesOption } from 'echarts/charts'
import type { GridComponentOption, VisualMapComponentOption } from 'echarts/components'
import type { ChartOption } from '../../charts/echarts.ts'
import type { LayerGrid } from '../../charts/layer-grid.ts'
import type { Quantity } from '../../charts/measures.ts'
import { significant } from '../../charts/numbers.ts'
import { interpolate, textOn } from '../../charts/palette.ts'
import { dataOf, tooltipMarkup } from '../../charts/parts.ts'
import type { ColourScale } from '../../charts/scale.ts'
import type { ChartTheme } from '../../charts/theme.ts'

export interface Edges {
  /** One value per layer and per role of the grid; null: nothing measured. */
  readonly layers: readonly (number | null)[]
  readonly roles: readonly (number | null)[]
}

export interface EdgeLooks {
  readonly grid: LayerGrid
  readonly measure: Quantity
  readonly scale: ColourScale
  readonly theme: ChartTheme
}

/** Pixels the edge cells take below the layers. */
export const EDGE_HEIGHT = 36
const EDGE_WIDTH = 72
const GAP = 8
/** More rows than this are thinner than a line of text. */
const MOST_LABELLED = 48
const CELL_HEIGHT = 24

interface EdgeItem {
  readonly value: [x: number, y: number, position: number]
  readonly title: string
  readonly figure: number
  readonly label: { readonly color: string }
}

/** Black or white, whichever can be read on the colour at this position of the legend. */
function textColour(position: number, scale: ColourScale, ramp: readonly string[]): string {
  return textOn(interpolate(ramp, (position - scale.minimum) / (scale.maximum - scale.minimum)))
}

function items(edges: Edges, { grid, scale }: EdgeLooks, ramp: readonly string[]) {
  const item = (figure: number | null, x: number, y: number, title: string): EdgeItem[] => {
    if (figure === null) return []
    const position = scale.place(figure)
    const label = { color: textColour(position, scale, ramp) }
    return [{ value: [x, y, position], title, figure, label }]
  }
  return {
    layers: grid.layers.flatMap((layer, y) => item(edges.layers[y] ?? null, 0, y, `All of layer ${layer}`)),
    roles: grid.roles.flatMap((role, x) => item(edges.roles[x] ?? null, x, 0, `All of ${role}`)),
  }
}

function cells(axis: number, data: EdgeItem[], { measure, theme }: EdgeLooks): HeatmapSeriesOption {
  const unit = measure.unit ? ` ${measure.unit}` : ''
  return {
    type: 'heatmap',
    name: axis === 2 ? 'per layer' : 'per role',
    coordinateSystem: 'cartesian2d',
    xAxisIndex: axis,
    yAxisIndex: axis,
    progressive: 0,
    data,
    itemStyle: { borderColor: theme.surface, borderWidth: 1 },
    label: {
      show: data.length <= MOST_LABELLED,
      fontSize: 11,
      formatter: (parameters) => significant(dataOf<EdgeItem>(parameters)?.figure ?? null),
    },
    tooltip: {
      formatter: (parameters: unknown) => {
        const item = dataOf<EdgeItem>(parameters)
        return item ? tooltipMarkup(item.title, [[measure.label, significant(item.figure) + unit]]) : ''
      },
    },
  }
}

type Many<T> = T | readonly T[] | undefined

function list<T>(value: Many<T>): T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? [...(value as readonly T[])] : [value as T]
}

function axis(gridIndex: number, names: readonly string[], inverse: boolean) {
  return { type: 'category' as const, gridIndex, show: false, inverse, data: [...names] }
}

function grids(option: ChartOption): GridComponentOption[] {
  const [main = {}, strip = {}] = list(option.grid as Many<GridComponentOption>)
  const bottom = Number(main.bottom)
  const right = EDGE_WIDTH + GAP
  const sides = { outerBoundsMode: 'none' as const }
  return [
    { ...main, right, bottom: bottom + EDGE_HEIGHT },
    { ...strip, right },
    { ...sides, top: main.top ?? 0, bottom: bottom + EDGE_HEIGHT, right: 0, width: EDGE_WIDTH },
    {
      ...sides,
      left: main.left ?? 0,
      right,
      height: CELL_HEIGHT,
      bottom: bottom + EDGE_HEIGHT - GAP - CELL_HEIGHT,
    },
  ]
}

/** The heatmap's option with its edges: grid 2 at the right of the layers, grid 3 below the roles. */
export function withEdges(option: ChartOption, edges: Edges, looks: EdgeLooks): ChartOption {
  const { grid } = looks
  if (grid.layers.length === 0) return option
  const series = list(option.series as Many<HeatmapSeriesOption>)
  const legend = option.visualMap as VisualMapComponentOption
  const ramp = (legend.inRange?.['color'] ?? []) as string[]
  const { layers, roles } = items(edges, looks, ramp)
  return {
    ...option,
    visualMap: { ...legend, seriesIndex: [0, 1, series.length, series.length + 1] },
    grid: grids(option),
    xAxis: [...list(option.xAxis as Many<object>), axis(2, ['all'], false), axis(3, grid.roles, false)],
    yAxis: [
      ...list(option.yAxis as Many<object>),
      axis(2, grid.layers.map(String), true),
      axis(3, ['all'], true),
    ],
    series: [...series, cells(2, layers, looks), cells(3, roles, looks)],
  }
}
