/** Picture of where in a matrix the error is: mean squared error over row bands x column bands. */
import type { ErrorProfile } from '../../preload/contract.ts'
import type { ChartOption } from './echarts.ts'
import { exact, significant } from './numbers.ts'
import { CIVIDIS } from './palette.ts'
import { axisLooks, baseOption, dataOf, tooltipMarkup } from './parts.ts'
import { colourScale } from './scale.ts'
import type { ChartTheme } from './theme.ts'

export interface ErrorProfileInput {
  readonly profile: ErrorProfile
  readonly rows: number
  readonly columns: number
}

export interface ProfileBand {
  readonly firstRow: number
  readonly lastRow: number
  readonly firstColumn: number
  readonly lastColumn: number
  /** Null: no row of the band was sampled. */
  readonly mse: number | null
}

function edges(band: number, bands: number, length: number): [first: number, last: number] {
  return [Math.floor((band * length) / bands), Math.floor(((band + 1) * length) / bands) - 1]
}

/** Every cell with the rows and columns it stands for; the rows of the chart's table. */
export function profileBands(input: ErrorProfileInput): readonly ProfileBand[] {
  const { rowBands, columnBands, values } = input.profile
  return values.map((mse, index) => {
    const [firstRow, lastRow] = edges(Math.floor(index / columnBands), rowBands, input.rows)
    const [firstColumn, lastColumn] = edges(index % columnBands, columnBands, input.columns)
    return { firstRow, lastRow, firstColumn, lastColumn, mse }
  })
}

/** A band that has a figure. */
type MeasuredBand = ProfileBand & { readonly mse: number }

interface Item {
  readonly value: [column: number, row: number, position: number]
  readonly band: MeasuredBand
}

function bandMarkup(parameters: unknown): string {
  const item = dataOf<Item>(parameters)
  if (!item) return ''
  const { firstRow, lastRow, firstColumn, lastColumn, mse } = item.band
  return tooltipMarkup(`MSE ${significant(mse)}`, [
    ['Rows', `${exact(firstRow)} to ${exact(lastRow)}`],
    ['Columns', `${exact(firstColumn)} to ${exact(lastColumn)}`],
  ])
}

function isMeasured(band: ProfileBand): band is MeasuredBand {
  return band.mse !== null
}

function bandAxis(name: string, bands: number, theme: ChartTheme) {
  return {
    ...axisLooks(theme),
    type: 'category' as const,
    data: Array.from({ length: bands }, (_none, band) => `${band}`),
    axisLabel: { show: false },
    splitLine: { show: false },
    name,
    nameLocation: 'middle' as const,
    nameGap: 8,
  }
}

export function errorProfileOption(input: ErrorProfileInput, theme: ChartTheme): ChartOption {
  const { rowBands, columnBands } = input.profile
  const bands = profileBands(input)
  const scale = colourScale(
    bands.flatMap(({ mse }) => mse ?? []),
    'log',
  )
  const items = bands.flatMap((band, index): Item[] => {
    if (!isMeasured(band)) return []
    return [{ value: [index % columnBands, Math.floor(index / columnBands), scale.place(band.mse)], band }]
  })
  const base = baseOption(theme)
  return {
    ...base,
    grid: { left: 28, right: 12, top: 8, bottom: 76, outerBoundsMode: 'none' },
    tooltip: { ...base.tooltip, formatter: bandMarkup },
    xAxis: bandAxis(`${exact(input.columns)} columns →`, columnBands, theme),
    yAxis: { ...bandAxis(`← ${exact(input.rows)} rows`, rowBands, theme), inverse: true },
    visualMap: {
      type: 'continuous',
      min: scale.minimum,
      max: scale.maximum,
      calculable: true,
      dimension: 2,
      orient: 'horizontal',
      left: 'center',
      bottom: 0,
      itemWidth: 12,
      itemHeight: 180,
      precision: 12,
      inRange: { color: [...CIVIDIS] },
      outOfRange: { color: theme.line, opacity: 0.35 },
      textStyle: { color: theme.muted, fontSize: 11 },
      formatter: (position: unknown) => significant(scale.value(Number(position))),
    },
    series: { type: 'heatmap', data: items },
  }
}
