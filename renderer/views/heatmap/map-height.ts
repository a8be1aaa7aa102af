import { LEGEND_HEIGHT } from '../../charts/heatmap.ts'
import { gridHeight, type LayerGrid } from '../../charts/layer-grid.ts'
import { EDGE_HEIGHT } from './heatmap-edges.ts'

/** A taller canvas takes the browser too long to draw; beyond some 250 layers rows get thinner instead. */
const MOST_HEIGHT = 2000

/** Pixels the heatmap takes: all it can use of what is there, more than that for many layers. */
export function mapHeightOf(grid: LayerGrid, available: number): number {
  return Math.min(gridHeight(grid, available, LEGEND_HEIGHT + EDGE_HEIGHT), Math.max(available, MOST_HEIGHT))
}
