/** Keeps the names of points off each other and off the points. */

export interface LabelBox {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export type Point = readonly [x: number, y: number]

const GAP = 2
/** Half the side of the square that a point takes. */
const POINT_RADIUS = 7
const NEAREST = 10
const DISTANCES = [NEAREST, 22, 36, 52, 70]
/** To the right first, where most charts have room; then around. */
const DIRECTIONS: readonly Point[] = [
  [1, 0], [1, -1], [1, 1], [-1, 0], [-1, -1], [-1, 1], [0, -1], [0, 1],
] // prettier-ignore

function overlaps(a: LabelBox, b: LabelBox): boolean {
  const across = a.x < b.x + b.width + GAP && b.x < a.x + a.width + GAP
  return across && a.y < b.y + b.height + GAP && b.y < a.y + a.height + GAP
}

function isInside(box: LabelBox, bounds: LabelBox): boolean {
  const fitsAcross = box.x >= bounds.x && box.x + box.width <= bounds.x + bounds.width
  return fitsAcross && box.y >= bounds.y && box.y + box.height <= bounds.y + bounds.height
}

function pointBox([x, y]: Point): LabelBox {
  return { x: x - POINT_RADIUS, y: y - POINT_RADIUS, width: 2 * POINT_RADIUS, height: 2 * POINT_RADIUS }
}

/** The box whose nearest edge or corner lies in a direction from a point. */
function boxBeside([x, y]: Point, [right, down]: Point, distance: number, size: readonly [number, number]) {
  const [width, height] = size
  const [aside, along] = [x + right * distance, y + down * distance]
  return { x: aside - (width * (1 - right)) / 2, y: along - (height * (1 - down)) / 2, width, height }
}

function candidates(point: Point, size: readonly [number, number]): LabelBox[] {
  return DISTANCES.flatMap((distance) =>
    DIRECTIONS.map((direction) => boxBeside(point, direction, distance, size)),
  )
}

/**
 * A free box for the name of every point, as near as there is one.
 *
 * @param sizes  width and height of each name
 * @param bounds what the boxes stay in
 * @returns one box for each point; where all places are taken, the one on its right
 */
export function placeLabels(
  points: readonly Point[],
  sizes: readonly (readonly [number, number])[],
  bounds: LabelBox,
): readonly LabelBox[] {
  const taken = points.map(pointBox)
  return points.map((point, index) => {
    const size = sizes[index] ?? [0, 0]
    const isFree = (box: LabelBox) => isInside(box, bounds) && !taken.some((other) => overlaps(box, other))
    const box = candidates(point, size).find(isFree) ?? boxBeside(point, [1, 0], NEAREST, size)
    taken.push(box)
    return box
  })
}
