/** Heatmap of a model: layers x roles, coloured by one measure. */
import type { CustomSeriesOption, HeatmapSeriesOption } from 'echarts/charts'
import type { VisualMapComponentOption } from 'echarts/components'
import { hatch, hollow, outline } from './cell-marks.ts'
import type { ChartOption, RenderItem } from './echarts.ts'
import { heatmapPlaces, type HeatmapCell, type HeatmapPlace, type Severity } from './heatmap-places.ts'
import { gridAxes, layerGrid, positions } from './layer-grid.ts'
import { valueText, type Quantity, type Scale } from './measures.ts'
import { significant } from './numbers.ts'
import { BLUE_WHITE_ORANGE, CIVIDIS, VIRIDIS } from './palette.ts'
import { baseOption, dataOf, tooltipMarkup, type TooltipRow } from './parts.ts'
import { centredScale, colourScale, type ColourScale } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export type HeatmapPalette = 'cividis' | 'viridis' | 'difference'

export interface HeatmapInput {
  readonly cells: readonly HeatmapCell[]
  readonly measure: Quantity
  readonly scale: Scale
  readonly palette: HeatmapPalette
  /** Names of the selected tensors. */
  readonly selected: ReadonlySet<string>
  /** Values that the legend's brush keeps; null keeps all. */
  readonly range: readonly [low: number, high: number] | null
  /** More lines for the tooltip of a tensor: rank, bytes. */
  readonly details?: (tensor: string) => readonly TooltipRow[]
}

/** Scale of the colours that {@link heatmapOption} uses; converts the brush's positions back to values. */
export function heatmapScale(input: Pick<HeatmapInput, 'cells' | 'scale' | 'palette'>): ColourScale {
  const values = input.cells.map((cell) => cell.value).filter((value) => value !== null)
  return input.palette === 'difference' ? centredScale(values) : colourScale(values, input.scale)
}

/** How bad a value is: for differences the larger change, either way. */
function severityOf(input: HeatmapInput): Severity {
  if (input.palette === 'difference') return Math.abs
  return input.measure.worst === 'highest' ? (value) => value : (value) => -value
}

const RAMPS = { cividis: CIVIDIS, viridis: VIRIDIS, difference: BLUE_WHITE_ORANGE } as const

/** Bright is always the damage, also where a small number is the bad one. */
function ramp(input: HeatmapInput): string[] {
  const colours = [...RAMPS[input.palette]]
  return input.measure.worst === 'highest' ? colours : colours.reverse()
}

/** Height of the colour legend under the grid, in pixels. */
export const LEGEND_HEIGHT = 58

function legend(input: HeatmapInput, scale: ColourScale, theme: ChartTheme): VisualMapComponentOption {
  const range = input.range && [scale.place(input.range[0]), scale.place(input.range[1])]
  return {
    type: 'continuous',
    show: input.cells.some((cell) => cell.value !== null),
    min: scale.minimum,
    max: scale.maximum,
    range: range ?? [scale.minimum, scale.maximum],
    calculable: true,
    realtime: false,
    dimension: 2,
    seriesIndex: [0, 1],
    orient: 'horizontal',
    left: 52,
    bottom: 0,
    itemWidth: 14,
    itemHeight: 320,
    precision: 12,
    inRange: { color: ramp(input) },
    outOfRange: { color: theme.line, opacity: 0.35 },
    textStyle: { color: theme.muted, fontSize: 11 },
    formatter: (position: unknown) => significant(scale.value(Number(position))),
  }
}

interface Item {
  readonly value: [x: number, y: number, position: number]
  readonly tensor: string
  /** A function, because ECharts copies everything else of an item, with the names of hundreds of tensors. */
  readonly place: () => HeatmapPlace
}

function itemsOf(places: readonly HeatmapPlace[], input: HeatmapInput, scale: ColourScale) {
  const position = positions(layerGrid(input.cells))
  return places.map((place) => {
    const { axes, x, y } = position(place)
    const item: Item = {
      value: [x, y, place.value === null ? Number.NaN : scale.place(place.value)],
      tensor: place.tensor,
      place: () => place,
    }
    return { axes, item, place }
  })
}

type Placed = ReturnType<typeof itemsOf>[number]

function axesOf(axes: 0 | 1) {
  return { coordinateSystem: 'cartesian2d' as const, xAxisIndex: axes, yAxisIndex: axes }
}

function colours(placed: readonly Placed[], axes: 0 | 1, theme: ChartTheme): HeatmapSeriesOption {
  return {
    type: 'heatmap',
    name: axes === 0 ? 'layers' : 'global',
    ...axesOf(axes),
    data: placed.filter((one) => one.axes === axes && one.place.value !== null).map((one) => one.item),
    itemStyle: { borderColor: theme.surface, borderWidth: 1 },
    emphasis: { itemStyle: { borderColor: theme.text, borderWidth: 1 } },
  }
}

function marks(
  name: string,
  placed: readonly Placed[],
  axes: 0 | 1,
  renderItem: RenderItem,
  silent: boolean,
): CustomSeriesOption {
  const data = placed.filter((one) => one.axes === axes).map((one) => one.item)
  return {
    type: 'custom',
    name,
    ...axesOf(axes),
    renderItem,
    silent,
    data,
    z: silent ? 4 : 3,
  }
}

function placeTitle(place: HeatmapPlace): string {
  if (place.tensors.length === 1) return place.tensor
  return place.layer === null ? place.role : `layer ${place.layer} · ${place.role}`
}

function placeRows(place: HeatmapPlace, input: HeatmapInput): TooltipRow[] {
  const value = place.value === null ? 'not measured yet' : valueText(place.value, input.measure)
  const rows: TooltipRow[] = [[input.measure.label, place.sampled ? `≈ ${value} (sampled rows)` : value]]
  if (place.tensors.length > 1) {
    rows.push(['Tensors here', `${place.tensors.length}, ${place.measured} measured`])
    rows.push(['Worst', place.tensor])
  }
  return [...rows, ...(input.details?.(place.tensor) ?? [])]
}

/** The place of a click or a tooltip in a heatmap. */
export function placeOf(parameters: unknown): HeatmapPlace | null {
  return dataOf<Item>(parameters)?.place() ?? null
}

export function heatmapOption(input: HeatmapInput, theme: ChartTheme): ChartOption {
  const scale = heatmapScale(input)
  const placed = itemsOf(heatmapPlaces(input.cells, severityOf(input)), input, scale)
  const missing = placed.filter((one) => one.place.value === null)
  const sampled = placed.filter((one) => one.place.sampled)
  const selected = placed.filter((one) => one.place.tensors.some((name) => input.selected.has(name)))
  const base = baseOption(theme)
  const both = [0, 1] as const
  return {
    ...base,
    ...gridAxes(layerGrid(input.cells), theme, LEGEND_HEIGHT),
    tooltip: {
      ...base.tooltip,
      formatter: (parameters) => {
        const place = placeOf(parameters)
        return place ? tooltipMarkup(placeTitle(place), placeRows(place, input)) : ''
      },
    },
    visualMap: legend(input, scale, theme),
    series: [
      ...both.map((axes) => colours(placed, axes, theme)),
      ...both.map((axes) => marks('not measured', missing, axes, hollow(theme), false)),
      ...both.map((axes) => marks('sampled', sampled, axes, hatch, true)),
      ...both.map((axes) => marks('selected', selected, axes, outline(theme), true)),
    ],
  }
}
