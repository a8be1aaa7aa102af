/** Size against predicted damage: the best plans there are, the presets, the plan on screen, and what was verified. */
import type { LineSeriesOption, ScatterSeriesOption } from 'echarts/charts'
import type { ChartOption } from './echarts.ts'
import { bytes, exact, percent, significant } from './numbers.ts'
import { BLUE_WHITE_ORANGE } from './palette.ts'
import { axisLooks, baseOption, dataOf, tooltipMarkup, type TooltipRow } from './parts.ts'
import { pointNames } from './point-names.ts'
import type { ChartTheme } from './theme.ts'

export interface SizeAndDamage {
  readonly fileBytes: number
  readonly bpw: number
  readonly damage: number
}

export interface NamedSize extends SizeAndDamage {
  readonly name: string
}

/** Measured by llama.cpp. */
export interface VerifiedPoint {
  readonly label: string
  readonly fileBytes: number
  readonly bpw: number
  /** Mean KL divergence in nats, and its standard error. */
  readonly kld: number
  readonly standardError: number
}

export interface FrontierInput {
  /** From the smallest to the one with the least damage. */
  readonly points: readonly SizeAndDamage[]
  readonly presets: readonly NamedSize[]
  readonly verified: readonly VerifiedPoint[]
  /** The plan on screen; null while its damage is not known. */
  readonly plan: SizeAndDamage | null
  /** Of the damage; empty for none. */
  readonly unit: string
  /** The damage is a KL divergence too: what was verified stands on the same axis. */
  readonly sameUnit: boolean
}

interface Item {
  readonly value: [x: number, y: number]
  readonly title: string
  /** A function, because ECharts copies everything else of an item. */
  readonly rows: () => readonly TooltipRow[]
}

const UNITS = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const

/** Sizes on the axis are multiples of this, so that its marks are round numbers. */
export function sizeUnit(points: readonly Pick<SizeAndDamage, 'fileBytes'>[]): {
  readonly name: string
  readonly bytes: number
} {
  const largest = points.at(-1)?.fileBytes ?? 0
  const [name, size] = UNITS.find(([, unit]) => largest >= 2 * unit) ?? ['KiB', 1024]
  return { name, bytes: size }
}

const MARGIN = 0.04
/** A preset this much beyond the frontier would squeeze it. */
const BEYOND = 0.12

interface Span {
  readonly low: number
  readonly high: number
}

function sizeSpan({ points, plan }: FrontierInput): Span {
  const ends = [points[0]?.fileBytes ?? 0, points.at(-1)?.fileBytes ?? 1]
  const [low, high] = [Math.min(...ends), Math.max(...ends)]
  const reach = Math.max(high - low, high * MARGIN)
  const inReach = plan && plan.fileBytes < high + reach * BEYOND ? [plan.fileBytes] : []
  const [least, most] = [Math.min(low, ...inReach), Math.max(high, ...inReach)]
  return { low: Math.max(0, least - reach * MARGIN), high: most + reach * MARGIN }
}

function isWithin({ low, high }: Span, { fileBytes }: { readonly fileBytes: number }): boolean {
  return fileBytes >= low && fileBytes <= high
}

function sizeRows({ fileBytes, bpw }: Pick<SizeAndDamage, 'fileBytes' | 'bpw'>): readonly TooltipRow[] {
  return [
    ['File size', `${bytes(fileBytes)} · ${exact(fileBytes)} bytes`],
    ['Bits per weight', significant(bpw, 4)],
  ]
}

function damageRows(point: SizeAndDamage, unit: string): readonly TooltipRow[] {
  const text = significant(point.damage)
  return [...sizeRows(point), ['Predicted damage', unit === '' ? text : `${text} ${unit}`]]
}

/** Of the frontier at the same size: what a preset gives away. */
function excessRow(point: SizeAndDamage, points: readonly SizeAndDamage[]): readonly TooltipRow[] {
  const best = points.findLast(({ fileBytes }) => fileBytes <= point.fileBytes)
  if (!best || best.damage <= 0 || point.damage <= best.damage) return []
  return [['More than the best of its size', percent(point.damage / best.damage - 1)]]
}

function item(title: string, unitBytes: number, fileBytes: number, y: number, rows: Item['rows']): Item {
  return { title, value: [fileBytes / unitBytes, y], rows }
}

/** A line to see, and points to touch: a line alone answers no pointer. */
function frontierSeries(input: FrontierInput, unitBytes: number, theme: ChartTheme) {
  const data = input.points.map((point) =>
    item('Best plan', unitBytes, point.fileBytes, point.damage, () => damageRows(point, input.unit)),
  )
  const line: LineSeriesOption = {
    type: 'line',
    name: 'best plans',
    data,
    showSymbol: false,
    silent: true,
    lineStyle: { color: theme.accent, width: 2 },
    itemStyle: { color: theme.accent },
    z: 3,
  }
  const touch: ScatterSeriesOption = {
    type: 'scatter',
    name: 'touch',
    data,
    symbolSize: 12,
    itemStyle: { color: 'transparent' },
    emphasis: { itemStyle: { color: theme.accent }, scale: false },
    z: 2,
  }
  return [line, touch]
}

function presetSeries(input: FrontierInput, unitBytes: number, theme: ChartTheme): ScatterSeriesOption {
  return {
    type: 'scatter',
    name: 'presets',
    data: input.presets.map((preset) =>
      item(preset.name, unitBytes, preset.fileBytes, preset.damage, () => [
        ...damageRows(preset, input.unit),
        ...excessRow(preset, input.points),
      ]),
    ),
    symbolSize: 8,
    itemStyle: { color: theme.surface, borderColor: theme.text, borderWidth: 1.5, opacity: 1 },
    z: 4,
  }
}

function planSeries(input: FrontierInput, unitBytes: number, theme: ChartTheme): ScatterSeriesOption {
  const { plan, unit } = input
  return {
    type: 'scatter',
    name: 'this plan',
    data: plan
      ? [item('This plan', unitBytes, plan.fileBytes, plan.damage, () => damageRows(plan, unit))]
      : [],
    symbolSize: 15,
    itemStyle: { color: theme.accent, borderColor: theme.surface, borderWidth: 2.5, opacity: 1 },
    z: 7,
  }
}

/** Divergences in nats beside a damage in another unit. */
function hasOwnAxis({ sameUnit, verified }: FrontierInput): boolean {
  return !sameUnit && verified.length > 0
}

/** Distinct from the accent also without colour: a diamond. */
function verifiedSeries(input: FrontierInput, unitBytes: number, theme: ChartTheme): ScatterSeriesOption {
  return {
    type: 'scatter',
    name: 'verified (KL divergence)',
    yAxisIndex: hasOwnAxis(input) ? 1 : 0,
    data: input.verified.map((point) =>
      item(point.label, unitBytes, point.fileBytes, point.kld, () => [
        ...sizeRows(point),
        ['Measured KL divergence', `${significant(point.kld)} ± ${significant(point.standardError, 2)} nats`],
      ]),
    ),
    symbol: 'diamond',
    symbolSize: 13,
    itemStyle: { color: BLUE_WHITE_ORANGE[1], borderColor: theme.surface, borderWidth: 1.5, opacity: 1 },
    z: 5,
  }
}

function logAxis(name: string, values: readonly number[], side: 'left' | 'right', theme: ChartTheme) {
  const looks = axisLooks(theme)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return {
    ...looks,
    type: 'log' as const,
    position: side,
    name,
    nameLocation: 'middle' as const,
    nameGap: 46,
    axisLabel: { ...looks.axisLabel, formatter: (value: number) => significant(value, 2) },
    splitLine: { ...looks.splitLine, show: side === 'left' },
    ...(values.length > 0 && { min: low / 1.3, max: high * 1.3 }),
  }
}

function axes(input: FrontierInput, span: Span, theme: ChartTheme) {
  const looks = axisLooks(theme)
  const unit = sizeUnit(input.points)
  const [first, last] = [input.points[0], input.points.at(-1)]
  const run = (last?.fileBytes ?? 0) - (first?.fileBytes ?? 0)
  const slope = run > 0 ? ((last?.bpw ?? 0) - (first?.bpw ?? 0)) / run : 0
  const bpwAt = (fileBytes: number) => (first?.bpw ?? 0) + (fileBytes - (first?.fileBytes ?? 0)) * slope
  const shared = {
    ...looks,
    type: 'value' as const,
    nameLocation: 'middle' as const,
    axisLabel: {
      ...looks.axisLabel, showMinLabel: false, showMaxLabel: false, hideOverlap: true,
      formatter: (value: number) => significant(value),
    },
  } // prettier-ignore
  const size = {
    ...shared, name: `file size, ${unit.name}`, nameGap: 24, min: span.low / unit.bytes, max: span.high / unit.bytes,
  } // prettier-ignore
  const bits = {
    ...shared, position: 'top' as const, name: 'bits per weight', nameGap: 22, splitLine: { show: false },
    min: bpwAt(span.low), max: bpwAt(span.high),
  } // prettier-ignore
  const damages = [...input.points, ...input.presets, ...(input.plan ? [input.plan] : [])].map(
    (one) => one.damage,
  )
  const divergences = input.verified.map((one) => one.kld)
  const name = input.unit === '' ? 'predicted damage' : `predicted damage, ${input.unit}`
  const left = logAxis(name, input.sameUnit ? [...damages, ...divergences] : damages, 'left', theme)
  const right = logAxis('measured KL divergence, nats', divergences, 'right', theme)
  return { xAxis: [size, ...(slope > 0 ? [bits] : [])], yAxis: [left, ...(hasOwnAxis(input) ? [right] : [])] }
}

/** Larger plans leave no room for the others; they are drawn when the plan on screen is one. */
const MOST_BITS = 10

function mostBits({ points, plan }: FrontierInput): number {
  const isLarge = (one: SizeAndDamage | null | undefined) => one?.damage !== 0 && (one?.bpw ?? 0) > MOST_BITS
  return isLarge(plan) || isLarge(points[0]) ? Infinity : MOST_BITS
}

/** A damage of 0 (everything as stored) has no place on a logarithmic axis; the table twin has it. */
function drawable(input: FrontierInput): FrontierInput {
  const most = mostBits(input)
  const points = input.points.filter(({ damage, bpw }) => damage > 0 && bpw <= most)
  const span = sizeSpan({ ...input, points })
  return {
    ...input,
    points,
    presets: input.presets.filter((one) => one.damage > 0 && isWithin(span, one)),
    verified: input.verified.filter((one) => one.kld > 0 && isWithin(span, one)),
    plan: input.plan && input.plan.damage > 0 && isWithin(span, input.plan) ? input.plan : null,
  }
}

function legend(input: FrontierInput, theme: ChartTheme) {
  const names = ['best plans', 'presets', 'this plan', 'verified (KL divergence)']
  return {
    bottom: 0,
    right: 8,
    data: names.filter((name) => name !== names[3] || input.verified.length > 0),
    textStyle: { color: theme.muted, fontSize: 11 },
    itemWidth: 18,
    itemHeight: 9,
    selectedMode: false,
  }
}

export function frontierOption(given: FrontierInput, theme: ChartTheme): ChartOption {
  const input = drawable(given)
  const unit = sizeUnit(input.points)
  const base = baseOption(theme)
  const named = input.presets.map(({ name, fileBytes, damage }) => ({
    name, x: fileBytes / unit.bytes, y: damage, strong: false,
  })) // prettier-ignore
  const right = hasOwnAxis(input) ? 68 : 20
  return {
    ...base,
    ...axes(input, sizeSpan(input), theme),
    grid: { left: 68, right, top: 40, bottom: 58, outerBoundsMode: 'none' },
    legend: legend(input, theme),
    tooltip: {
      ...base.tooltip,
      formatter: (parameters) => {
        const shown = dataOf<Item>(parameters)
        return shown ? tooltipMarkup(shown.title, shown.rows()) : ''
      },
    },
    series: [
      ...frontierSeries(input, unit.bytes, theme),
      presetSeries(input, unit.bytes, theme),
      pointNames(named, theme),
      verifiedSeries(input, unit.bytes, theme),
      planSeries(input, unit.bytes, theme),
    ],
  }
}
