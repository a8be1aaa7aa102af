import type { Measure, Tensor } from '../../../preload/contract.ts'
import type { HeatmapCell } from '../../charts/heatmap-places.ts'
import type { MeasureInfo } from '../../charts/measures.ts'
import type { MeasurementTable } from '../../stores/measurements.ts'

/** The table that is shown, and the one that is taken off it for a difference. */
export interface ShownTables {
  readonly table: MeasurementTable
  readonly minus: MeasurementTable | null
}

/** One cell per tensor; a difference needs both sides. */
export function heatmapCells(
  tensors: readonly Tensor[],
  { table, minus }: ShownTables,
  measure: Measure,
): readonly HeatmapCell[] {
  return tensors.map(({ name, layer, role }) => {
    const [one, other] = [table.get(name), minus?.get(name)]
    const value = one?.[measure] ?? null
    const taken = other?.[measure] ?? null
    const sampled = (one?.standardError ?? null) !== null || (other?.standardError ?? null) !== null
    const shown = minus === null ? value : value === null || taken === null ? null : value - taken
    return { tensor: name, layer, role, value: shown, sampled }
  })
}

/** Places by damage, 1 is the worst; differences by size, either way. */
export function ranksOf(
  cells: readonly HeatmapCell[],
  measure: MeasureInfo,
  isDifference: boolean,
): ReadonlyMap<string, number> {
  const severity = (value: number) => {
    if (isDifference) return Math.abs(value)
    return measure.worst === 'highest' ? value : -value
  }
  const measured = cells.filter((cell) => cell.value !== null)
  const ordered = measured.sort((a, b) => severity(b.value ?? 0) - severity(a.value ?? 0))
  return new Map(ordered.map((cell, index) => [cell.tensor, index + 1]))
}
