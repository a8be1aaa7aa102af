import type { Cell } from './cells.ts'
import { CELL_COLOURS } from './colours.ts'
import { cellsInSight } from './draw-face.ts'
import { placeOf, type FaceView } from './view.ts'

export interface FaceSvg {
  readonly title: string
  readonly cells: readonly Cell[]
  /** A colour number per cell. */
  readonly colours: readonly number[]
  readonly view: FaceView
  /** Units of the drawing per side. */
  readonly side: number
  /** Data URL of the colours where they change inside a cell; cells are filled with their own colour without. */
  readonly image: string | null
  readonly borders: boolean
}

function path({ polygon }: Cell, view: FaceView, side: number): string {
  const places = polygon.map((point) =>
    placeOf(view, point)
      .map((share) => (share * side).toFixed(3))
      .join(' '),
  )
  return `M${places.join('L')}Z`
}

/** The picture as vectors: every cell an exact polygon, named by its code. */
export function faceSvg({ title, cells, colours, view, side, image, borders }: FaceSvg): string {
  const shown = new Set(cellsInSight(cells, view))
  const stroke = borders ? ' stroke="#000" stroke-opacity="0.55" stroke-width="1"' : ''
  const shapes = [...cells.entries()]
    .filter(([, cell]) => shown.has(cell))
    .map(([place, cell]) => {
      const fill = image === null ? CELL_COLOURS[colours[place] as number] : 'none'
      return `<path fill="${fill}" d="${path(cell, view, side)}"><title>${cell.direction.join(' ')}</title></path>`
    })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 ${side} ${side}">`,
    `<title>${title}</title>`,
    ...(image === null ? [] : [`<image width="${side}" height="${side}" href="${image}"/>`]),
    `<g stroke-linejoin="round"${stroke}>`,
    ...shapes,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}
