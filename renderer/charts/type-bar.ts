/** Share of the bytes that each stored type has, as one stacked bar. */
import type { BarSeriesOption } from 'echarts/charts'
import type { ChartOption } from './echarts.ts'
import { bytes, exact, percent } from './numbers.ts'
import { formatColour, textOn } from './palette.ts'
import { baseOption, dataOf, tooltipMarkup } from './parts.ts'
import type { ChartTheme } from './theme.ts'

export interface TypeShare {
  readonly type: string
  readonly bytes: number
  readonly tensors: number
  /** Bits per weight; null for types the registry does not know. */
  readonly bpw: number | null
}

/** Shares below this show their name only on hover. */
const LEAST_LABELLED = 0.06

interface Item {
  readonly value: number
  readonly share: TypeShare
  readonly fraction: number
}

function segment(share: TypeShare, fraction: number, theme: ChartTheme): BarSeriesOption {
  const colour = share.bpw === null ? theme.line : formatColour(share.bpw)
  const item: Item = { value: share.bytes, share, fraction }
  return {
    type: 'bar',
    name: share.type,
    stack: 'types',
    barWidth: '100%',
    data: [item],
    itemStyle: { color: colour, borderColor: theme.surface, borderWidth: 1 },
    label: {
      show: fraction >= LEAST_LABELLED,
      formatter: `${share.type}  ${percent(fraction)}`,
      color: textOn(share.bpw === null ? theme.line : colour),
      fontSize: 11,
    },
  }
}

function shareMarkup(parameters: unknown): string {
  const item = dataOf<Item>(parameters)
  if (!item) return ''
  return tooltipMarkup(item.share.type, [
    ['Share of bytes', percent(item.fraction)],
    ['Bytes', `${exact(item.share.bytes)} (${bytes(item.share.bytes)})`],
    ['Tensors', exact(item.share.tensors)],
  ])
}

/** Types in order of bits, most first, so that the bar reads like the ramp. */
export function typeBarOption(shares: readonly TypeShare[], theme: ChartTheme): ChartOption {
  const total = shares.reduce((sum, share) => sum + share.bytes, 0)
  const ordered = [...shares].sort((a, b) => (b.bpw ?? 0) - (a.bpw ?? 0))
  const base = baseOption(theme)
  return {
    ...base,
    grid: { left: 0, right: 0, top: 0, bottom: 0, outerBoundsMode: 'none' },
    tooltip: { ...base.tooltip, formatter: shareMarkup },
    xAxis: { type: 'value', show: false, max: Math.max(1, total) },
    yAxis: { type: 'category', show: false, data: ['types'] },
    series: ordered.map((share) => segment(share, share.bytes / Math.max(1, total), theme)),
  }
}
