import type { CustomSeriesOption } from 'echarts/charts'
import type { ChartTheme } from './theme.ts'

/** A vertical line from `low` to `high` through a point: one standard error up and down. */
export interface Whisker {
  readonly x: number
  readonly low: number
  readonly high: number
}

export function whiskers(lines: readonly Whisker[], theme: ChartTheme): CustomSeriesOption {
  return {
    type: 'custom',
    name: 'standard error',
    data: lines.map(({ x, low, high }) => [x, low, high]),
    silent: true,
    z: 4,
    encode: { x: 0, y: [1, 2] },
    renderItem: (_parameters, api) => {
      const [x = 0, low = 0] = api.coord([api.value(0), api.value(1)])
      const [, high = 0] = api.coord([api.value(0), api.value(2)])
      const style = { stroke: theme.text, lineWidth: 1.5 }
      return { type: 'line', shape: { x1: x, y1: low, x2: x, y2: high }, style }
    },
  }
}
