/** The plan as a map: the heatmap's grid, coloured by format and with the format's name in every cell. */
import type { CustomSeriesOption } from 'echarts/charts'
import { boxAt, inset, outline, pinned } from './cell-marks.ts'
import type { ChartOption, RenderItem } from './echarts.ts'
import { gridAxes, groupByPlace, layerGrid, positions, type Place } from './layer-grid.ts'
import { bytes } from './numbers.ts'
import { formatColour, textOn } from './palette.ts'
import { baseOption, dataOf, tooltipMarkup, type TooltipRow } from './parts.ts'
import type { ChartTheme } from './theme.ts'

/** One tensor of a plan. */
export interface TypeMapCell extends Place {
  readonly tensor: string
  /** Effective format. */
  readonly format: string
  readonly requested: string
  readonly bpw: number
  readonly bytes: number
  readonly pinned: boolean
}

export interface TypeMapInput {
  readonly places: readonly TypeMapPlace[]
  readonly selected: ReadonlySet<string>
}

/** All tensors at one place: the format most of them have. */
export interface TypeMapPlace extends Place {
  readonly tensors: readonly string[]
  readonly format: string
  readonly bpw: number
  readonly requested: string
  /** Formats with their number of tensors, most frequent first. */
  readonly formats: readonly (readonly [format: string, tensors: number])[]
  readonly bytes: number
  readonly pinned: boolean
}

function joinPlace(group: readonly TypeMapCell[]): TypeMapPlace {
  const counts = new Map<string, number>()
  for (const cell of group) counts.set(cell.format, (counts.get(cell.format) ?? 0) + 1)
  const formats = [...counts].sort((a, b) => b[1] - a[1])
  const first = group.find((cell) => cell.format === formats[0]?.[0])
  if (!first) throw new Error('a place without tensors')
  return {
    layer: first.layer,
    role: first.role,
    tensors: group.map((cell) => cell.tensor),
    format: first.format,
    bpw: first.bpw,
    requested: first.requested,
    formats,
    bytes: group.reduce((sum, cell) => sum + cell.bytes, 0),
    pinned: group.some((cell) => cell.pinned),
  }
}

export function typeMapPlaces(cells: readonly TypeMapCell[]): readonly TypeMapPlace[] {
  return groupByPlace(cells).map(joinPlace)
}

interface Item {
  readonly value: [x: number, y: number, bpw: number]
  /** A function, because ECharts copies everything else of an item, with the names of hundreds of tensors. */
  readonly place: () => TypeMapPlace
}

/** The place of a click or a tooltip in a type map. */
export function typeMapPlaceOf(parameters: unknown): TypeMapPlace | null {
  return dataOf<Item>(parameters)?.place() ?? null
}

function placeMarkup(parameters: unknown): string {
  const place = typeMapPlaceOf(parameters)
  if (!place) return ''
  const alone = place.tensors.length === 1
  const title = alone ? (place.tensors[0] ?? '') : `layer ${place.layer ?? 'global'} · ${place.role}`
  const rows: TooltipRow[] = alone
    ? [['Format', place.format]]
    : place.formats.map(([format, tensors]) => [format, `${tensors} tensors`])
  if (alone && place.requested !== place.format) rows.push(['Asked for', place.requested])
  rows.push(['Bytes', bytes(place.bytes)])
  if (place.pinned) rows.push(['Locked', 'yes'])
  return tooltipMarkup(title, rows)
}

type Placed = readonly (Item & { readonly axes: 0 | 1 })[]

function placeAll(input: TypeMapInput): Placed {
  const position = positions(layerGrid(input.places))
  return input.places.map((place) => {
    const { axes, x, y } = position(place)
    return { axes, value: [x, y, place.bpw], place: () => place }
  })
}

/** A filled cell with its format's name, where the name has room. */
function namedCell(placed: Placed, theme: ChartTheme): RenderItem {
  return (parameters, api) => {
    const place = placed[parameters.dataIndex]?.place()
    const box = inset(boxAt(api), 0.5)
    const colour = formatColour(place?.bpw ?? 0)
    const name = place && place.formats.length > 1 ? `${place.format} +` : (place?.format ?? '')
    const fits = box.height >= NAME_HEIGHT && box.width >= name.length * CHARACTER_WIDTH
    return {
      type: 'rect',
      shape: box,
      style: { fill: colour },
      emphasis: { style: { stroke: theme.text, lineWidth: 1 } },
      textConfig: { position: 'inside' },
      textContent: {
        type: 'text',
        silent: true,
        style: { text: fits ? name : '', fill: textOn(colour), font: `11px ${theme.font}` },
      },
    }
  }
}

const NAME_HEIGHT = 13
const CHARACTER_WIDTH = 7

function series(placed: Placed, axes: 0 | 1, renderItem: RenderItem, silent: boolean): CustomSeriesOption {
  return {
    type: 'custom',
    xAxisIndex: axes,
    yAxisIndex: axes,
    silent,
    z: silent ? 4 : 2,
    renderItem,
    data: [...placed],
  }
}

export function typeMapOption(input: TypeMapInput, theme: ChartTheme): ChartOption {
  const placed = placeAll(input)
  const base = baseOption(theme)
  const both = ([0, 1] as const).flatMap((axes) => {
    const here = placed.filter((one) => one.axes === axes)
    const selected = here.filter((one) => one.place().tensors.some((name) => input.selected.has(name)))
    return [
      series(here, axes, namedCell(here, theme), false),
      series(
        here.filter((one) => one.place().pinned),
        axes,
        pinned,
        true,
      ),
      series(selected, axes, outline(theme), true),
    ]
  })
  return {
    ...base,
    ...gridAxes(layerGrid(input.places), theme),
    tooltip: { ...base.tooltip, formatter: placeMarkup },
    series: both,
  }
}
