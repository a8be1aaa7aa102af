/** The name of every point of a scatter, off the other points and names, with a line to it where it stands apart. */
import type { CustomSeriesOption } from 'echarts/charts'
import type { RenderItem } from './echarts.ts'
import { placeLabels, type LabelBox, type Point } from './label-layout.ts'
import type { ChartTheme } from './theme.ts'

export interface NamedPoint {
  readonly name: string
  readonly x: number
  readonly y: number
  /** Stands out. */
  readonly strong: boolean
}

const NAME_HEIGHT = 13
const CHARACTER_WIDTH = 6.6
/** A name nearer than this needs no line to its point. */
const BESIDE = 14

/** What the coordinate system of a drawn item tells of its rectangle. */
type Drawn = Parameters<RenderItem>[0] & { readonly coordSys: LabelBox }

function leader([x, y]: Point, box: LabelBox) {
  const end = [
    Math.min(Math.max(x, box.x), box.x + box.width),
    Math.min(Math.max(y, box.y + NAME_HEIGHT / 2), box.y + NAME_HEIGHT / 2),
  ] as const
  return { shape: { x1: x, y1: y, x2: end[0], y2: end[1] }, length: Math.hypot(end[0] - x, end[1] - y) }
}

/** All names are placed when the first is drawn. */
export function pointNames(points: readonly NamedPoint[], theme: ChartTheme): CustomSeriesOption {
  const sizes = points.map(({ name }) => [name.length * CHARACTER_WIDTH, NAME_HEIGHT] as const)
  let places: readonly LabelBox[] = []
  const renderItem: RenderItem = (parameters, api) => {
    const at = (point: NamedPoint): Point => {
      const [x = 0, y = 0] = api.coord([point.x, point.y])
      return [x, y]
    }
    const index = parameters.dataIndex
    if (index === 0) places = placeLabels(points.map(at), sizes, (parameters as Drawn).coordSys)
    const [point, box] = [points[index], places[index]]
    if (!point || !box) return
    const { shape, length } = leader(at(point), box)
    const text = {
      text: point.name,
      x: box.x,
      y: box.y + NAME_HEIGHT / 2,
      verticalAlign: 'middle' as const,
      font: `${point.strong ? 'bold ' : ''}11px ${theme.font}`,
      fill: point.strong ? theme.accent : theme.text,
      stroke: theme.surface,
      lineWidth: 3,
    }
    const line = { type: 'line' as const, shape, style: { stroke: theme.muted, lineWidth: 1 } }
    return { type: 'group', children: [...(length > BESIDE ? [line] : []), { type: 'text', style: text }] }
  }
  const data = points.map(({ x, y }) => [x, y])
  return { type: 'custom', name: 'names', data, silent: true, z: 6, renderItem }
}
