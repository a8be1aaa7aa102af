import type { HeatmapPlace } from '../../charts/heatmap-places.ts'
import type { LayerGrid } from '../../charts/layer-grid.ts'

const STEPS: Readonly<Record<string, readonly [across: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** Column and row of a place; the strip of global tensors is row -1. */
function positionOf(place: HeatmapPlace, grid: LayerGrid): readonly [number, number] {
  if (place.layer === null) return [grid.globals.indexOf(place.role), -1]
  return [grid.roles.indexOf(place.role), grid.layers.indexOf(place.layer)]
}

/**
 * The place that an arrow key leads to: the nearest one in its direction, on the same line where there is one.
 * Null when there is none, or the key is no arrow.
 */
export function placeBeside(
  places: readonly HeatmapPlace[],
  grid: LayerGrid,
  from: HeatmapPlace | null,
  key: string,
): HeatmapPlace | null {
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
  places: readonly HeatmapPlace[],
  grid: LayerGrid,
  one: HeatmapPlace,
  other: HeatmapPlace,
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
