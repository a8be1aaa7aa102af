/**
 * The cells of a face of the cube: where one code vector is chosen.
 *
 * Cells of best rounding are those of a Voronoi diagram on the sphere. Their borders are great circles, which are straight
 * lines on the cube's face: every cell is a convex polygon and can be drawn exactly. Those of absmax rounding are boxes.
 */
import { isSymmetric } from './level-sets.ts'
import { longestLevel, type RoundingName } from './rounding.ts'
import { angleBetween, primitive, unit, type Point, type Vector } from './vectors.ts'

export interface Cell {
  /** Primitive vector of whole numbers. */
  readonly direction: Vector
  readonly polygon: readonly Point[]
  /** Places of the cells with a common edge. */
  readonly neighbours: readonly number[]
  /** Radians: at a corner, because the angle to the code grows from it in all directions. */
  readonly largestAngle: number
}

/** A corner and the neighbour beyond the edge that begins there; -1 for the border of the face. */
interface Corner {
  readonly point: Point
  readonly beyond: number
}

/** Shorter edges and smaller cells are nothing but rounding. */
const SMALLEST = 1e-9
const FACE: readonly Point[] = [[-1, -1], [1, -1], [1, 1], [-1, 1]] // prettier-ignore

/** Every direction that codes of these levels can have, as primitive vectors: the sites of the diagram. */
export function directions(levels: readonly number[]): readonly Vector[] {
  const found = new Map<string, Vector>()
  const signs = isSymmetric(levels) ? [1] : [1, -1]
  for (const sign of signs) {
    for (const x of levels) {
      for (const y of levels) {
        for (const z of levels) {
          const direction = primitive([sign * x, sign * y, sign * z])
          found.set(direction.join(), direction)
        }
      }
    }
  }
  found.delete('0,0,0')
  return [...found.values()]
}

/** Cuts away what lies beyond `a + b y + c z >= 0`. */
function clip(corners: readonly Corner[], [a, b, c]: Vector, beyond: number): Corner[] {
  const heights = corners.map(({ point: [y, z] }) => a + b * y + c * z)
  return corners.flatMap((corner, index) => {
    const after = (index + 1) % corners.length
    const [here, there] = [heights[index] as number, heights[after] as number]
    const kept = here >= 0 ? [corner] : []
    if (here >= 0 === there >= 0) return kept
    const [[y, z], [nextY, nextZ]] = [corner.point, (corners[after] as Corner).point]
    const share = here / (here - there)
    const point: Point = [y + share * (nextY - y), z + share * (nextZ - z)]
    return [...kept, { point, beyond: here >= 0 ? beyond : corner.beyond }]
  })
}

export function polygonArea(polygon: readonly Point[]): number {
  return polygon.reduce((sum, [y, z], index) => {
    const [nextY, nextZ] = polygon[(index + 1) % polygon.length] as Point
    return sum + (y * nextZ - nextY * z) / 2
  }, 0)
}

function largestAngle(direction: Vector, points: readonly Point[]): number {
  return points.reduce((most, [y, z]) => Math.max(most, angleBetween(direction, [1, y, z])), 0)
}

/** Places of edges that are not just a point. */
function edges(corners: readonly Corner[]): number[] {
  return corners.flatMap(({ point, beyond }, index) => {
    const [y, z] = (corners[(index + 1) % corners.length] as Corner).point
    return beyond >= 0 && Math.hypot(y - point[0], z - point[1]) > SMALLEST ? [beyond] : []
  })
}

/** The part of the face that is nearer to one site than to any other. */
function cutCell(site: Vector, sites: readonly Vector[], reach: number): Corner[] {
  const least = Math.cos(2 * reach)
  const near = sites
    .map((other, place) => ({ place, other, cosine: dot(site, other) }))
    .filter(({ other, cosine }) => other !== site && cosine >= least)
    .sort((a, b) => b.cosine - a.cosine)
  let corners = FACE.map((point): Corner => ({ point, beyond: -1 }))
  for (const { other, place } of near) {
    corners = clip(corners, [site[0] - other[0], site[1] - other[1], site[2] - other[2]], place)
    if (corners.length === 0) return corners
  }
  return corners
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/** The angle of absmax rounding bounds that of best rounding, and so how far away a cell can matter. */
function bestCells(levels: readonly number[]): readonly Cell[] {
  // A code whose first number is not positive is never nearest to a vector whose first component is the largest.
  const sites = directions(levels).filter(([x]) => x > 0)
  const units = sites.map(unit)
  const reach = Math.max(...absmaxCells(levels).map((cell) => cell.largestAngle)) + SMALLEST
  const cut = units.map((site) => cutCell(site, units, reach))
  const shown = cut.map((corners) => polygonArea(corners.map(({ point }) => point)) > SMALLEST ** 2)
  const places = new Map<number, number>()
  for (const [site, visible] of shown.entries()) if (visible) places.set(site, places.size)
  return [...places.keys()].map((site) => {
    const corners = cut[site] as Corner[]
    const polygon = corners.map(({ point }) => point)
    const direction = sites[site] as Vector
    const neighbours = edges(corners).flatMap((other) => places.get(other) ?? [])
    return { direction, polygon, neighbours, largestAngle: largestAngle(direction, polygon) }
  })
}

interface Interval {
  readonly level: number
  readonly from: number
  readonly to: number
}

/** Where on the face each level is chosen for a component, in ascending places. */
function intervals(levels: readonly number[]): readonly Interval[] {
  const longest = longestLevel(levels)
  const place = (value: number) => Math.min(1, Math.max(-1, value / longest))
  const all = levels.map((level, index): Interval => {
    const below = index === 0 ? -Infinity : (level + (levels[index - 1] as number)) / 2
    const above = index === levels.length - 1 ? Infinity : (level + (levels[index + 1] as number)) / 2
    const ends = [place(below), place(above)] as const
    return { level, from: Math.min(...ends), to: Math.max(...ends) }
  })
  return all.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)
}

function absmaxCells(levels: readonly number[]): readonly Cell[] {
  const longest = longestLevel(levels)
  const sign = Math.sign(longest)
  const along = intervals(levels)
  const count = along.length
  return along.flatMap((row, y) =>
    along.map((column, z): Cell => {
      const direction = primitive([sign * longest, sign * row.level, sign * column.level])
      const polygon: Point[] = [
        [row.from, column.from],
        [row.to, column.from],
        [row.to, column.to],
        [row.from, column.to],
      ]
      const beside: Point[] = [[y - 1, z], [y + 1, z], [y, z - 1], [y, z + 1]] // prettier-ignore
      const neighbours = beside
        .filter(([a, b]) => a >= 0 && b >= 0 && a < count && b < count)
        .map(([a, b]) => a * count + b)
      return { direction, polygon, neighbours, largestAngle: largestAngle(direction, polygon) }
    }),
  )
}

/** All cells of the face. Every neighbour is one of them. */
export function cellsOf(rounding: RoundingName, levels: readonly number[]): readonly Cell[] {
  return rounding === 'best' ? bestCells(levels) : absmaxCells(levels)
}

/**
 * A colour number per cell, different for cells that share an edge.
 *
 * The cell with the fewest neighbours left is taken away until none is left; given back in the opposite order, no cell of
 * a map meets more than five, so that six colours are enough.
 */
export function colourNumbers(cells: readonly Cell[]): readonly number[] {
  const degree = cells.map(({ neighbours }) => neighbours.length)
  const order: number[] = []
  const left = new Set(cells.keys())
  while (left.size > 0) {
    let least = -1
    for (const place of left)
      if (least < 0 || (degree[place] as number) < (degree[least] as number)) least = place
    left.delete(least)
    order.push(least)
    for (const other of (cells[least] as Cell).neighbours) degree[other] = (degree[other] as number) - 1
  }
  const colours = new Array<number>(cells.length).fill(-1)
  for (const place of order.reverse()) {
    const taken = new Set((cells[place] as Cell).neighbours.map((other) => colours[other]))
    let colour = 0
    while (taken.has(colour)) colour += 1
    colours[place] = colour
  }
  return colours
}
