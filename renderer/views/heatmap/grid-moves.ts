import type { LayerGrid, Place } from '../../charts/layer-grid.ts'

/** A place of a grid with the tensors that lie there. */
export interface FilledPlace extends Place {
  readonly tensors: readonly string[]
}

const STEPS: Readonly<Record<string, readonly [across: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** Column and row of a place; the strip of global tensors is row -1. */
function positionOf(place: Place, grid: LayerGrid): readonly [number, number] {
  if (place.layer === null) return [grid.globals.indexOf(place.role), -1]
  return [grid.roles.indexOf(place.role), grid.layers.indexOf(place.layer)]
}

/**
 * The place that an arrow key leads to: the nearest one in its direction, on the same line where there is one.
 * Null when there is none, or the key is no arrow.
 */
export function placeBeside<T extends Place>(
  places: readonly T[],
  grid: LayerGrid,
  from: T | null,
  key: string,
): T | null {
  const step = STEPS[key]
  if (!step) return null
  if (!from) return places[0] ?? null
  const [x, y] = positionOf(from, grid)
  const distances = places.map((place) => {
    const [column, row] = positionOf(place, grid)
    const [along, aside] =
      step[0] === 0 ? [(row - y) * step[1], column - x] : [(column - x) * step[0], row - y]
    return { place, cost: along > 0 ? along + Math.abs(aside) * 1000 : Infinity }
  })
  const best = distances.reduce<(typeof distances)[number] | null>(
    (least, one) => (one.cost < (least?.cost ?? Infinity) ? one : least),
    null,
  )
  return best?.place ?? null
}

/** Names of all tensors in the rectangle between two places. */
export function rectangle(
  places: readonly FilledPlace[],
  grid: LayerGrid,
  one: FilledPlace,
  other: FilledPlace,
): readonly string[] {
  const [[x1, y1], [x2, y2]] = [positionOf(one, grid), positionOf(other, grid)]
  return places
    .filter((place) => {
      const [x, y] = positionOf(place, grid)
      const inColumns = x >= Math.min(x1, x2) && x <= Math.max(x1, x2)
      return inColumns && y >= Math.min(y1, y2) && y <= Math.max(y1, y2)
    })
    .flatMap((place) => place.tensors)
}
