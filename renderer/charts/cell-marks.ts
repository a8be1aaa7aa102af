/** What is drawn into a cell besides its colour. */
import type { RenderItem } from './echarts.ts'
import type { ChartTheme } from './theme.ts'

type RenderApi = Parameters<RenderItem>[1]
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Pixels of the cell that an item stands in. */
export function boxAt(api: RenderApi): Box {
  const [centreX = 0, centreY = 0] = api.coord([api.value(0), api.value(1)])
  const size = api.size?.([1, 1])
  const [width = 0, height = 0] = Array.isArray(size) ? size : []
  return { x: centreX - width / 2, y: centreY - height / 2, width, height }
}

export function inset(box: Box, by: number): Box {
  return {
    x: box.x + by,
    y: box.y + by,
    width: Math.max(1, box.width - 2 * by),
    height: Math.max(1, box.height - 2 * by),
  }
}

/** Not measured: a hollow cell with a dashed edge, unlike a place where no tensor is. */
export function hollow(theme: ChartTheme): RenderItem {
  return (_parameters, api) => ({
    type: 'rect',
    shape: inset(boxAt(api), 1.5),
    style: { fill: theme.surface, stroke: theme.muted, lineWidth: 1, lineDash: [2, 2], opacity: 0.7 },
  })
}

const HATCH_STEP = 6

/** Sampled: diagonal lines over the colour, dark beside light so that they show on any colour. */
export const hatch: RenderItem = (_parameters, api) => {
  const box = inset(boxAt(api), 1)
  const lines = Math.floor((box.width + box.height) / HATCH_STEP)
  const children = Array.from({ length: lines }, (_none, index) => {
    const run = (index + 0.5) * HATCH_STEP
    const [right, down] = [Math.min(run, box.width), Math.min(run, box.height)]
    const [left, up] = [Math.max(0, run - box.height), Math.max(0, run - box.width)]
    const shape = { x1: box.x + left, y1: box.y + down, x2: box.x + right, y2: box.y + up }
    return { type: 'line' as const, shape, style: { stroke: 'rgba(255,255,255,.75)', lineWidth: 1 } }
  })
  return { type: 'group', children }
}

export function outline(theme: ChartTheme): RenderItem {
  return (_parameters, api) => {
    const box = boxAt(api)
    const ring = (by: number, stroke: string) => ({
      type: 'rect' as const,
      shape: inset(box, by),
      style: { fill: 'none', stroke, lineWidth: 2 },
    })
    return { type: 'group', children: [ring(2, theme.surface), ring(0, theme.accent)] }
  }
}

/** Locked: a small padlock in the upper right corner. */
export const pinned: RenderItem = (_parameters, api) => {
  const box = inset(boxAt(api), 2)
  const size = Math.min(9, box.height, box.width)
  const x = box.x + box.width - size - 1
  const y = box.y + 1
  const body = { x: x + size * 0.1, y: y + size * 0.45, width: size * 0.8, height: size * 0.55 }
  const bow = { cx: x + size / 2, cy: y + size * 0.45, r: size * 0.26, startAngle: Math.PI, endAngle: 0 }
  const edge = { stroke: '#ffffff', lineWidth: 1 }
  return {
    type: 'group',
    children: [
      { type: 'arc', shape: bow, style: { fill: 'none', stroke: '#ffffff', lineWidth: 3 } },
      { type: 'arc', shape: bow, style: { fill: 'none', stroke: '#000000', lineWidth: 1.5 } },
      { type: 'rect', shape: body, style: { fill: '#000000', ...edge } },
    ],
  }
}
