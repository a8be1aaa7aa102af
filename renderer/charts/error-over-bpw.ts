/** Every format of a tensor: its error over the bits it spends. */
import type { CustomSeriesOption, LineSeriesOption, ScatterSeriesOption } from 'echarts/charts'
import type { ChartOption } from './echarts.ts'
import { whiskers } from './error-bars.ts'
import { valueText, type MeasureInfo } from './measures.ts'
import { significant } from './numbers.ts'
import { formatColour } from './palette.ts'
import { axisLooks, baseOption, dataOf, tooltipMarkup } from './parts.ts'
import { pointNames } from './point-names.ts'
import type { ChartTheme } from './theme.ts'

export interface FormatPoint {
  readonly format: string
  readonly bpw: number
  readonly value: number
  /** Of the value; null when it is exact. */
  readonly standardError: number | null
}

export interface ErrorOverBpwInput {
  readonly points: readonly FormatPoint[]
  readonly measure: MeasureInfo
  readonly selected: string | null
}

/** Points that no other beats in both bits and error, in order of bits. */
export function paretoPoints(
  points: readonly FormatPoint[],
  worst: MeasureInfo['worst'],
): readonly FormatPoint[] {
  const better = (a: number, b: number) => (worst === 'highest' ? a < b : a > b)
  const ordered = [...points].sort(
    (a, b) => a.bpw - b.bpw || (better(a.value, b.value) ? -1 : better(b.value, a.value) ? 1 : 0),
  )
  const kept: FormatPoint[] = []
  for (const point of ordered) {
    const last = kept.at(-1)
    if (!last || better(point.value, last.value)) kept.push(point)
  }
  return kept
}

const LIMIT_STEP = 0.25

/**
 * Relative error 2^-bpw: what no code of that rate beats on independent Gaussian weights
 * (rate-distortion function D(R) = sigma^2 2^-2R; Cover and Thomas, Elements of Information Theory, 10.3.2).
 */
export function gaussianLimit(fromBpw: number, toBpw: number): [bpw: number, error: number][] {
  const steps = Math.ceil((toBpw - fromBpw) / LIMIT_STEP)
  return Array.from({ length: steps + 1 }, (_none, index) => {
    const bpw = Math.min(toBpw, fromBpw + index * LIMIT_STEP)
    return [bpw, 2 ** -bpw]
  })
}

interface Item {
  readonly value: [bpw: number, value: number]
  readonly point: FormatPoint
}

function scatter(input: ErrorOverBpwInput, theme: ChartTheme): ScatterSeriesOption {
  const items = input.points.map((point) => ({
    name: point.format,
    value: [point.bpw, point.value],
    point,
    itemStyle: { color: formatColour(point.bpw), borderColor: theme.text, borderWidth: 1 },
    ...(point.format === input.selected ? { symbolSize: 15 } : {}),
  }))
  return {
    type: 'scatter',
    name: 'formats',
    data: items,
    symbolSize: 9,
    z: 5,
  }
}

/** The name of every point. */
function names({ points, selected }: ErrorOverBpwInput, theme: ChartTheme): CustomSeriesOption {
  const named = points.map(({ format, bpw, value }) => ({
    name: format, x: bpw, y: value, strong: format === selected,
  })) // prettier-ignore
  return pointNames(named, theme)
}

/** One standard error up and down, where a value is an estimate. */
function errorBars({ points }: ErrorOverBpwInput, theme: ChartTheme): CustomSeriesOption {
  const lines = points.flatMap(({ bpw, value, standardError }) =>
    standardError === null
      ? []
      : [{ x: bpw, low: Math.max(value - standardError, value / 10), high: value + standardError }],
  )
  return whiskers(lines, theme)
}

function frontier(input: ErrorOverBpwInput, theme: ChartTheme): LineSeriesOption {
  return {
    type: 'line',
    name: 'Pareto line',
    data: paretoPoints(input.points, input.measure.worst).map((point) => [point.bpw, point.value]),
    showSymbol: false,
    silent: true,
    lineStyle: { color: theme.accent, width: 1.5 },
    itemStyle: { color: theme.accent },
  }
}

function limit(span: readonly [number, number], theme: ChartTheme): LineSeriesOption {
  return {
    type: 'line',
    name: 'Gaussian rate-distortion limit 2^-bpw',
    data: gaussianLimit(...span),
    showSymbol: false,
    silent: true,
    lineStyle: { color: theme.muted, width: 1.5, type: 'dashed' },
    itemStyle: { color: theme.muted },
  }
}

/** Measures that the rate-distortion line speaks about. */
function hasLimit(measure: MeasureInfo): boolean {
  return measure.name === 'relativeError'
}

function pointMarkup(parameters: unknown, measure: MeasureInfo): string {
  const item = dataOf<Item>(parameters)
  if (!item) return ''
  const { format, bpw, value, standardError } = item.point
  const error = standardError === null ? '' : ` ± ${significant(standardError, 2)}`
  return tooltipMarkup(format, [
    ['Bits per weight', significant(bpw)],
    [measure.label, valueText(value, measure) + error],
  ])
}

function axes(input: ErrorOverBpwInput, theme: ChartTheme) {
  const looks = axisLooks(theme)
  const logarithmic = input.measure.scale === 'log'
  return {
    xAxis: {
      ...looks,
      type: 'value' as const,
      name: 'bits per weight',
      nameLocation: 'middle' as const,
      nameGap: 26,
      min: ({ min }: { min: number }) => Math.max(0, Math.floor(min) - 1),
      max: ({ max }: { max: number }) => Math.ceil(max + 1),
    },
    yAxis: {
      ...looks,
      type: logarithmic ? ('log' as const) : ('value' as const),
      scale: true,
      name: input.measure.unit ? `${input.measure.label}, ${input.measure.unit}` : input.measure.label,
      nameTextStyle: { ...looks.nameTextStyle, align: 'left' as const, padding: [0, 0, 0, -48] },
      axisLabel: { ...looks.axisLabel, formatter: (value: number) => significant(value, 2) },
    },
  }
}

/** Exact copies (value 0) have no place on a logarithmic axis and are named by the page beside the chart. */
export function errorOverBpwOption(input: ErrorOverBpwInput, theme: ChartTheme): ChartOption {
  const points = input.points.filter((point) => input.measure.scale === 'linear' || point.value > 0)
  const shown = { ...input, points }
  const bits = points.map((point) => point.bpw)
  const base = baseOption(theme)
  const lines = hasLimit(input.measure) && points.length > 0
  return {
    ...base,
    ...axes(shown, theme),
    grid: { left: 62, right: 24, top: 44, bottom: 44, outerBoundsMode: 'none' },
    legend: {
      top: 0,
      right: 8,
      data: ['Pareto line', ...(lines ? ['Gaussian rate-distortion limit 2^-bpw'] : [])],
      textStyle: { color: theme.muted, fontSize: 11 },
      itemWidth: 22,
      icon: 'path://M0,4L22,4L22,6L0,6Z',
    },
    tooltip: { ...base.tooltip, formatter: (parameters) => pointMarkup(parameters, input.measure) },
    series: [
      scatter(shown, theme),
      names(shown, theme),
      errorBars(shown, theme),
      frontier(shown, theme),
      ...(lines ? [limit([Math.max(1, Math.min(...bits) - 0.5), Math.max(...bits)], theme)] : []),
    ],
  }
}
