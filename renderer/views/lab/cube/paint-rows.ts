import { cellsOf, colourNumbers, type Cell } from './cells.ts'
import { ANGLE_COLOURS, CELL_COLOURS, pixelOf } from './colours.ts'
import { createRounding, directionOf, type Rounding, type RoundingName } from './rounding.ts'
import { angleBetween, primitive, type Vector } from './vectors.ts'
import { pointAt, type FaceView } from './view.ts'

export type Colouring = 'angle' | 'cell'

export interface PictureLooks {
  readonly rounding: RoundingName
  readonly levels: readonly number[]
  readonly colouring: Colouring
}

/** Gives every pixel of a picture the colour of the direction at its centre. */
export class FacePainter {
  readonly #rounding: Rounding
  readonly #colourOf: (direction: Vector, x: Vector) => readonly number[]

  constructor({ rounding, levels, colouring }: PictureLooks) {
    this.#rounding = createRounding(rounding, levels)
    this.#colourOf = colouring === 'cell' ? cellColours(cellsOf(rounding, levels)) : angleColours(levels)
  }

  /**
   * @param side   pixels per side of the whole picture
   * @param pixels RGBA of `rows` rows, written
   */
  paint(view: FaceView, side: number, firstRow: number, rows: number, pixels: Uint8ClampedArray): void {
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < side; column += 1) {
        const [y, z] = pointAt(view, (column + 0.5) / side, (firstRow + row + 0.5) / side)
        this.#rounding.round(1, y, z)
        const colour = this.#colourOf(directionOf(this.#rounding), [1, y, z])
        pixels.set(colour, (row * side + column) * 4)
      }
    }
  }
}

/** The scale ends at the largest angle of absmax rounding, so that both pictures have the same one. */
export function largestShownAngle(levels: readonly number[]): number {
  return Math.max(...cellsOf('absmax', levels).map(({ largestAngle }) => largestAngle))
}

function angleColours(levels: readonly number[]) {
  const ramp = ANGLE_COLOURS.map(pixelOf)
  const perRadian = (ramp.length - 1) / largestShownAngle(levels)
  return (direction: Vector, x: Vector) => {
    const place = Math.min(ramp.length - 1, Math.round(angleBetween(direction, x) * perRadian))
    return ramp[place] as readonly number[]
  }
}

const NO_CELL = pixelOf('#000000')

function cellColours(cells: readonly Cell[]) {
  const numbers = colourNumbers(cells)
  const palette = CELL_COLOURS.map(pixelOf)
  const colours = new Map(
    cells.map(({ direction }, place) => [direction.join(), palette[numbers[place] as number]]),
  )
  // Levels have a byte each, so this number tells codes apart; the name of a direction takes longer to make.
  const known = new Map<number, readonly number[]>()
  return (direction: Vector) => {
    const key = (direction[0] * 512 + direction[1]) * 512 + direction[2]
    // A point exactly on a border may be given to a cell that only touches the face.
    const colour = known.get(key) ?? colours.get(primitive(direction).join()) ?? NO_CELL
    known.set(key, colour)
    return colour
  }
}
