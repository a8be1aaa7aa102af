import { cellsOf, directions } from './cells.ts'
import { createRounding, directionOf, type RoundingName } from './rounding.ts'
import { angleBetween } from './vectors.ts'

/** What a rounding does to all directions of the face; angles in radians. */
export interface RoundingFigures {
  /** Over the sphere's surface, all directions alike. */
  readonly meanAngle: number
  readonly largestAngle: number
  /** Codes that are chosen somewhere on the face. */
  readonly cells: number
}

export interface FaceFigures {
  readonly best: RoundingFigures
  readonly absmax: RoundingFigures
  /** Directions in all of space that a code stands for. */
  readonly directions: number
}

/** Points per side of the face at which the mean is taken. */
const MEAN_SIDE = 320

/** By the midpoint rule, each point weighted by the solid angle of its part of the face. */
function meanAngle(name: RoundingName, levels: readonly number[]): number {
  const rounding = createRounding(name, levels)
  let [sum, weights] = [0, 0]
  const place = (index: number) => ((index + 0.5) / MEAN_SIDE) * 2 - 1
  for (let row = 0; row < MEAN_SIDE; row += 1) {
    for (let column = 0; column < MEAN_SIDE; column += 1) {
      const [y, z] = [place(row), place(column)]
      rounding.round(1, y, z)
      const weight = (1 + y * y + z * z) ** -1.5
      sum += weight * angleBetween(directionOf(rounding), [1, y, z])
      weights += weight
    }
  }
  return sum / weights
}

function figuresOf(name: RoundingName, levels: readonly number[]): RoundingFigures {
  const cells = cellsOf(name, levels)
  const largestAngle = Math.max(...cells.map((cell) => cell.largestAngle))
  return { meanAngle: meanAngle(name, levels), largestAngle, cells: cells.length }
}

export function faceFigures(levels: readonly number[]): FaceFigures {
  return {
    best: figuresOf('best', levels),
    absmax: figuresOf('absmax', levels),
    directions: directions(levels).length,
  }
}
