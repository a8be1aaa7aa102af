/** What one tensor could be: bytes against damage of every candidate, the hull, and the price of a byte. */
import type { LineSeriesOption, ScatterSeriesOption } from 'echarts/charts'
import type { CandidateOption } from '../../preload/contract.ts'
import type { ChartOption } from './echarts.ts'
import { bytes, exact, significant } from './numbers.ts'
import { axisLooks, baseOption, dataOf, tooltipMarkup } from './parts.ts'
import { pointNames } from './point-names.ts'
import type { ChartTheme } from './theme.ts'

export interface CandidatesInput {
  readonly options: readonly CandidateOption[]
  /** Damage avoided per byte at the plan's budget. */
  readonly price: number
}

interface Item {
  readonly value: [bytes: number, damage: number]
  readonly option: () => CandidateOption
}

const KIB = 1024

function points(options: readonly CandidateOption[], name: string, theme: ChartTheme): ScatterSeriesOption {
  const fill = (option: CandidateOption) => {
    if (option.chosen) return theme.accent
    return option.onHull ? theme.text : theme.surface
  }
  return {
    type: 'scatter',
    name,
    data: options.map((option) => ({
      value: [option.bytes / KIB, option.damage],
      option: () => option,
      symbolSize: option.chosen ? 13 : 8,
      itemStyle: {
        color: fill(option),
        borderColor: option.chosen ? theme.surface : theme.text,
        borderWidth: 1,
      },
    })),
    itemStyle: { color: theme.text },
    z: 5,
  }
}

function hull(options: readonly CandidateOption[], theme: ChartTheme): LineSeriesOption {
  const data = options
    .filter((option) => option.onHull)
    .sort((a, b) => a.bytes - b.bytes)
    .map((option) => [option.bytes / KIB, option.damage])
  return {
    type: 'line', name: 'hull', data, showSymbol: false, silent: true, z: 3,
    lineStyle: { color: theme.muted, width: 1.5 }, itemStyle: { color: theme.muted },
  } // prettier-ignore
}

/** Through the chosen candidate: what lies above costs more than a byte is worth. */
function priceLine(input: CandidatesInput, span: readonly [number, number], most: number, theme: ChartTheme) {
  const chosen = input.options.find((option) => option.chosen)
  const at = (size: number) => (chosen?.damage ?? 0) - input.price * (size - (chosen?.bytes ?? 0))
  const [low, high] = span
  const top =
    chosen && input.price > 0 ? Math.max(low, chosen.bytes - (most - chosen.damage) / input.price) : low
  const end = chosen && input.price > 0 ? Math.min(high, chosen.bytes + chosen.damage / input.price) : high
  const data = chosen ? [top, end].map((size) => [size / KIB, at(size)]) : []
  const line: LineSeriesOption = {
    type: 'line', name: 'price of a byte', data, showSymbol: false, silent: true, z: 4,
    lineStyle: { color: theme.accent, width: 1.5, type: 'dashed' }, itemStyle: { color: theme.accent },
  } // prettier-ignore
  return line
}

/** Candidates far worse than the chosen one would flatten all others. */
const WORST = 16

function highestShown(options: readonly CandidateOption[]): number {
  const chosen = options.find((option) => option.chosen)?.damage ?? 0
  const all = options.map((option) => option.damage)
  const limit = chosen > 0 ? chosen * WORST : Math.max(...all)
  return Math.max(0, ...all.filter((damage) => damage <= limit)) * 1.1
}

function markup(parameters: unknown): string {
  const option = dataOf<Item>(parameters)?.option()
  if (!option) return ''
  return tooltipMarkup(option.format, [
    ['Bytes', `${bytes(option.bytes)} · ${exact(option.bytes)} bytes`],
    ['Damage', significant(option.damage)],
    ...(option.slope === null
      ? []
      : ([['Damage avoided per KiB', significant(option.slope * KIB)]] as const)),
    ...(option.onHull ? [] : ([['Beaten', 'a mix of others is better at every budget']] as const)),
  ])
}

export function candidatesOption(input: CandidatesInput, theme: ChartTheme): ChartOption {
  const most = highestShown(input.options)
  const shown = input.options.filter((option) => option.damage <= most)
  const sizes = shown.map((option) => option.bytes)
  const span = [Math.min(...sizes), Math.max(...sizes)] as const
  const margin = Math.max(1, (span[1] - span[0]) * 0.06)
  const looks = axisLooks(theme)
  const base = baseOption(theme)
  const label = { ...looks.axisLabel, showMinLabel: false, showMaxLabel: false }
  return {
    ...base,
    grid: { left: 62, right: 14, top: 26, bottom: 40, outerBoundsMode: 'none' },
    legend: {
      top: 0, right: 26, data: ['hull', 'price of a byte'], selectedMode: false, itemWidth: 18,
      icon: 'path://M0,4L22,4L22,6L0,6Z', textStyle: { color: theme.muted, fontSize: 11 },
    },
    xAxis: {
      ...looks, type: 'value', name: 'KiB', nameLocation: 'middle', nameGap: 22,
      min: (span[0] - margin) / KIB, max: (span[1] + margin) / KIB,
      axisLabel: { ...label, formatter: (value: number) => significant(value) },
    },
    yAxis: {
      ...looks, type: 'value', name: 'damage', min: 0, max: most,
      axisLabel: { ...label, formatter: (value: number) => significant(value, 2) },
    },
    tooltip: { ...base.tooltip, formatter: markup },
    series: [
      points(shown, 'candidates', theme),
      hull(input.options, theme),
      priceLine(input, span, most, theme),
      pointNames(
        shown.map((option) => ({
          name: option.format, x: option.bytes / KIB, y: option.damage, strong: option.chosen,
        })),
        theme,
      ),
    ],
  } // prettier-ignore
}
