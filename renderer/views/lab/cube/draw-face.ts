import type { Cell } from './cells.ts'
import type { PictureReply } from './protocol.ts'
import { placeOf, type FaceView } from './view.ts'

/** Dark lines are seen on all colours of cells and on bright angles, and do not hide the small angles in the middle. */
const BORDER = 'rgba(0, 0, 0, 0.55)'

/** Cells of which some part may be in sight. */
export function cellsInSight(cells: readonly Cell[], view: FaceView): readonly Cell[] {
  return cells.filter(({ polygon }) =>
    ([0, 1] as const).every((axis) => {
      const values = polygon.map((point) => point[axis])
      const distance = Math.max(
        Math.min(...values) - view.centre[axis],
        view.centre[axis] - Math.max(...values),
      )
      return distance <= view.span / 2
    }),
  )
}

/** Draws pixels over the whole canvas; coarse ones as squares. */
export function drawPixels(canvas: HTMLCanvasElement, { pixels, side }: PictureReply): void {
  const context = canvas.getContext('2d')
  if (!context) return
  const image = new ImageData(pixels, side, side)
  if (side === canvas.width) return context.putImageData(image, 0, 0)
  const small = document.createElement('canvas')
  small.width = small.height = side
  small.getContext('2d')?.putImageData(image, 0, 0)
  context.imageSmoothingEnabled = false
  context.drawImage(small, 0, 0, canvas.width, canvas.height)
}

/** Draws the borders between cells, exactly. */
export function drawBorders(
  canvas: HTMLCanvasElement,
  cells: readonly Cell[],
  view: FaceView,
  width: number,
) {
  const context = canvas.getContext('2d')
  if (!context) return
  context.strokeStyle = BORDER
  context.lineWidth = width
  context.lineJoin = 'round'
  context.beginPath()
  for (const { polygon } of cellsInSight(cells, view)) {
    for (const [index, point] of polygon.entries()) {
      const [left, top] = placeOf(view, point)
      const [x, y] = [left * canvas.width, top * canvas.height]
      if (index === 0) context.moveTo(x, y)
      else context.lineTo(x, y)
    }
    context.closePath()
  }
  context.stroke()
}
