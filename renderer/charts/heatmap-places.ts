/** Tensors of a heatmap, joined where several share a place. */
import { groupByPlace, type Place } from './layer-grid.ts'

/** One tensor. */
export interface HeatmapCell extends Place {
  readonly tensor: string
  /** Null: not measured yet. */
  readonly value: number | null
  readonly sampled: boolean
}

/** All tensors at one place: the worst of them gives the colour. */
export interface HeatmapPlace extends Place {
  /** The worst tensor, or the first when none is measured. */
  readonly tensor: string
  readonly value: number | null
  /** Some value here is an estimate from sampled rows. */
  readonly sampled: boolean
  readonly tensors: readonly string[]
  readonly measured: number
}

/** Orders values: the largest severity is the worst. */
export type Severity = (value: number) => number

function joinPlace(group: readonly HeatmapCell[], severity: Severity): HeatmapPlace {
  const measured = group.filter((cell) => cell.value !== null)
  const first = measured[0] ?? group[0]
  if (!first) throw new Error('a place without tensors')
  const shown = measured.reduce(
    (worst, cell) => (severity(cell.value ?? 0) > severity(worst.value ?? 0) ? cell : worst),
    first,
  )
  return {
    layer: first.layer,
    role: first.role,
    tensor: shown.tensor,
    value: shown.value,
    sampled: measured.some((cell) => cell.sampled),
    tensors: group.map((cell) => cell.tensor),
    measured: measured.length,
  }
}

/** One entry per place; a place with several tensors shows its worst value. */
export function heatmapPlaces(cells: readonly HeatmapCell[], severity: Severity): readonly HeatmapPlace[] {
  return groupByPlace(cells).map((group) => joinPlace(group, severity))
}
