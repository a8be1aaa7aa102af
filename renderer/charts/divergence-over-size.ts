/** Every verified file of a model: its KL divergence over its size. */
import type { CustomSeriesOption, ScatterSeriesOption } from 'echarts/charts'
import type { ChartOption } from './echarts.ts'
import { whiskers } from './error-bars.ts'
import { sizeUnit } from './frontier.ts'
import { bytes, exact, significant } from './numbers.ts'
import { formatColour } from './palette.ts'
import { axisLooks, baseOption, dataOf, tooltipMarkup } from './parts.ts'
import { pointNames } from './point-names.ts'
import type { ChartTheme } from './theme.ts'

export interface VerifiedPoint {
  readonly id: string
  readonly label: string
  readonly fileBytes: number
  readonly bpw: number
  /** Mean, in nats. */
  readonly kld: number
  readonly standardError: number
  /** Name of the text it was measured on. */
  readonly text: string
}

interface Item {
  readonly value: [size: number, kld: number]
  readonly point: VerifiedPoint
}

/** The point of a click or a tooltip. */
export function verifiedPointOf(parameters: unknown): VerifiedPoint | null {
  return dataOf<Item>(parameters)?.point ?? null
}

type SizeUnit = ReturnType<typeof sizeUnit>

interface Shown {
  readonly points: readonly VerifiedPoint[]
  readonly unit: SizeUnit
  readonly selected: string | null
}

function scatter({ points, unit, selected }: Shown, theme: ChartTheme): ScatterSeriesOption {
  const data = points.map((point) => ({
    name: point.label,
    value: [point.fileBytes / unit.bytes, point.kld],
    point,
    itemStyle: { color: formatColour(point.bpw), borderColor: theme.text, borderWidth: 1 },
    ...(point.id === selected && { symbolSize: 15 }),
  }))
  return { type: 'scatter', name: 'verified', data, symbolSize: 10, z: 5 }
}

function names({ points, unit, selected }: Shown, theme: ChartTheme): CustomSeriesOption {
  const named = points.map(({ id, label, fileBytes, kld }) => {
    return { name: label, x: fileBytes / unit.bytes, y: kld, strong: id === selected }
  })
  return pointNames(named, theme)
}

function errorBars({ points, unit }: Shown, theme: ChartTheme): CustomSeriesOption {
  const lines = points.map(({ fileBytes, kld, standardError }) => ({
    x: fileBytes / unit.bytes,
    low: Math.max(kld - standardError, kld / 10),
    high: kld + standardError,
  }))
  return whiskers(lines, theme)
}

function pointMarkup(parameters: unknown): string {
  const point = verifiedPointOf(parameters)
  if (!point) return ''
  return tooltipMarkup(point.label, [
    ['KL divergence', `${significant(point.kld)} ± ${significant(point.standardError, 2)} nats`],
    ['File', `${bytes(point.fileBytes)}, ${exact(point.fileBytes)} bytes`],
    ['Bits per weight', significant(point.bpw)],
    ['Text', point.text],
  ])
}

function axes(unit: SizeUnit, theme: ChartTheme) {
  const looks = axisLooks(theme)
  return {
    xAxis: {
      ...looks,
      type: 'value' as const,
      scale: true,
      name: `file size, ${unit.name}`,
      nameLocation: 'middle' as const,
      nameGap: 26,
      boundaryGap: ['8%', '18%'] as [string, string],
      axisLabel: { ...looks.axisLabel, formatter: (value: number) => significant(value), hideOverlap: true },
    },
    yAxis: {
      ...looks,
      type: 'log' as const,
      name: 'mean KL divergence, nats',
      nameTextStyle: { ...looks.nameTextStyle, align: 'left' as const, padding: [0, 0, 0, -48] },
      axisLabel: { ...looks.axisLabel, formatter: (value: number) => significant(value, 1) },
    },
  }
}

/** Files without any divergence (exact copies) have no place on the logarithmic axis. */
export function divergenceOverSizeOption(
  input: { readonly points: readonly VerifiedPoint[]; readonly selected: string | null },
  theme: ChartTheme,
): ChartOption {
  const points = input.points.filter(({ kld }) => kld > 0).sort((a, b) => a.fileBytes - b.fileBytes)
  const shown = { points, unit: sizeUnit(points), selected: input.selected }
  const base = baseOption(theme)
  return {
    ...base,
    ...axes(shown.unit, theme),
    grid: { left: 62, right: 24, top: 34, bottom: 44, outerBoundsMode: 'none' },
    tooltip: { ...base.tooltip, formatter: pointMarkup },
    series: [scatter(shown, theme), names(shown, theme), errorBars(shown, theme)],
  }
}
