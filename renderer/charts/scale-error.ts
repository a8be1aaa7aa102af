/** The error of a block under every scale: pieces of parabolas between the scales at which a code changes. */
import type { ErrorCurve, ExploredGroup } from '../../preload/contract.ts'
import { blockFrame, blockPlaceAxis, blockTick, REFERENCE_COLOUR, type BlockNames } from './block-frame.ts'
import type { ChartOption } from './echarts.ts'
import { significant } from './numbers.ts'
import { axisLooks, baseOption, dataOf, tooltipMarkup } from './parts.ts'
import type { ChartTheme } from './theme.ts'

export type CurvePoint = readonly [scale: number, error: number]

export interface ScaleWindow {
  readonly least: number
  readonly most: number
}

/** Near are scales that move the largest weight by little more than a level; farther ones dwarf what is around the best. */
const NEAR_LEVELS = 2.4

/** Both signs, as far as the scales in use and once more; or what is near the chosen scale. */
export function scaleWindow(block: ExploredGroup, near: boolean): ScaleWindow {
  const { reference, chosen } = block
  const reach = Math.max(Math.abs(reference.scale), Math.abs(chosen.scale)) || 1
  if (!near) return { least: -2 * reach, most: 2 * reach }
  const spread = Math.min(0.15, NEAR_LEVELS / block.levels.length)
  const around = (scale: number, by: number) => [scale * (1 - by), scale * (1 + by)]
  const scales = around(chosen.scale, spread)
  if (reference.scale * chosen.scale > 0) scales.push(...around(reference.scale, spread / 5))
  return { least: Math.min(...scales), most: Math.max(...scales) }
}

function errorOn(curve: ErrorCurve, piece: number, energy: number, magnitude: number): number {
  const [products = 0, squares = 0] = [curve.products[piece], curve.squares[piece]]
  return Math.max(0, energy - 2 * magnitude * products + magnitude * magnitude * squares)
}

/** Between breakpoints the curve is drawn by at least so many steps per window. */
const STEPS = 600

/** Points of one sign of the curve, by ascending |d|: every breakpoint in the window, every bottom, and enough between. */
function pointsOf(curve: ErrorCurve, energy: number, { least, most }: ScaleWindow): readonly CurvePoint[] {
  const [from, to] = curve.sign > 0 ? [Math.max(0, least), most] : [Math.max(0, -most), -least]
  const step = (most - least) / STEPS
  const points: CurvePoint[] = []
  for (let piece = curve.breakpoints.length; piece >= 0; piece -= 1) {
    const low = Math.max(from, 1 / (curve.breakpoints[piece] ?? Infinity))
    const high = Math.min(to, piece === 0 ? Infinity : 1 / (curve.breakpoints[piece - 1] as number))
    if (!(low < high)) continue
    const bottom = (curve.products[piece] ?? 0) / (curve.squares[piece] || 1)
    const inner = Array.from(
      { length: Math.floor((high - low) / step) },
      (_none, index) => low + step * (index + 1),
    )
    const magnitudes = [low, ...inner, ...(bottom > low && bottom < high ? [bottom] : []), high].sort(
      (a, b) => a - b,
    )
    for (const magnitude of magnitudes) {
      points.push([curve.sign * magnitude, errorOn(curve, piece, energy, magnitude)])
    }
  }
  return points
}

/** The whole curve in the window, by ascending scale. */
export function curvePoints(block: ExploredGroup, window: ScaleWindow): readonly CurvePoint[] {
  const points = block.curves.flatMap((curve) => pointsOf(curve, block.energy, window))
  return points.sort((a, b) => a[0] - b[0])
}

/** The scales of the window at which a code changes, on the curve. */
export function breakpointsIn(block: ExploredGroup, { least, most }: ScaleWindow): readonly CurvePoint[] {
  return block.curves.flatMap((curve) =>
    [...curve.breakpoints.entries()]
      .map(([piece, breakpoint]): CurvePoint => {
        const magnitude = 1 / breakpoint
        return [curve.sign * magnitude, errorOn(curve, piece, block.energy, magnitude)]
      })
      .filter(([scale]) => scale >= least && scale <= most),
  )
}

interface Item {
  readonly value: CurvePoint
  readonly name: string
}

function pointMarkup(parameters: unknown): string {
  const item = dataOf<Item>(parameters)
  if (!item) return ''
  return tooltipMarkup(item.name, [
    ['Scale', significant(item.value[0], 5)],
    ['Error', significant(item.value[1], 5)],
  ])
}

function choice(name: string, point: CurvePoint, colour: string, symbol: string) {
  return {
    type: 'scatter' as const,
    name,
    data: [{ name, value: [...point] }],
    symbol,
    symbolSize: 13,
    z: 5,
    // Hollow, so that what lies below a mark can be seen.
    itemStyle: { color: 'transparent', borderColor: colour, borderWidth: 2 },
  }
}

export function scaleErrorOption(
  block: ExploredGroup,
  names: BlockNames,
  near: boolean,
  theme: ChartTheme,
): ChartOption {
  const base = baseOption(theme)
  const window = scaleWindow(block, near)
  const points = curvePoints(block, window)
  const least = points.reduce((low, [, error]) => (error > 0 ? Math.min(low, error) : low), Infinity)
  const floor = Number.isFinite(least) ? least : 1
  const raised = ([scale, error]: CurvePoint) => [scale, Math.max(error, floor)]
  const marks = breakpointsIn(block, window).map((point) => ({
    name: 'A code changes',
    value: raised(point),
  }))
  const { reference, chosen } = block
  const xAxis = blockPlaceAxis('scale', [window.least, window.most], theme)
  return {
    ...base,
    ...blockFrame('error', names, theme),
    tooltip: { ...base.tooltip, formatter: pointMarkup },
    xAxis: { ...xAxis, axisLabel: { ...xAxis.axisLabel, formatter: blockTick } },
    yAxis: {
      ...axisLooks(theme),
      // Near the best all errors are of one size, and the parabolas can be seen.
      ...(near ? { type: 'value', scale: true } : { type: 'log', min: floor / 1.3 }),
      axisLabel: { ...axisLooks(theme).axisLabel, formatter: blockTick },
    },
    series: [
      {
        type: 'line',
        name: 'error',
        data: points.map(raised),
        symbol: 'none',
        silent: true,
        lineStyle: { width: 1.5, color: theme.text },
        itemStyle: { color: theme.text },
      },
      {
        type: 'scatter',
        name: 'code change',
        data: marks,
        symbol: 'rect',
        symbolSize: [1, 7],
        itemStyle: { color: theme.muted, opacity: 0.8 },
      },
      choice(
        names.reference,
        [reference.scale, Math.max(reference.error, floor)],
        REFERENCE_COLOUR,
        'circle',
      ),
      choice(names.chosen, [chosen.scale, Math.max(chosen.error, floor)], theme.accent, 'diamond'),
    ],
  }
}
