import { computed, ref } from 'vue'
import type { Tensor } from '../../../preload/contract.ts'
import type { HeatmapInput } from '../../charts/heatmap.ts'
import { layerGrid } from '../../charts/layer-grid.ts'
import { measureInfo } from '../../charts/measures.ts'
import { bytes, exact, significant } from '../../charts/numbers.ts'
import { formatTitle } from '../../components/format-title.ts'
import type { TooltipRow } from '../../charts/parts.ts'
import { useMeasurements } from '../../stores/measurements.ts'
import { useSelection } from '../../stores/selection.ts'
import { useSettings } from '../../stores/settings.ts'
import { useTensors } from '../../stores/tensors.ts'
import type { Edges } from './heatmap-edges.ts'
import { heatmapCells, ranksOf } from './heatmap-values.ts'
import { pooledMeasure } from './pooled-measure.ts'

/** What the heatmap page shows, from the stores: cells, ranks, edges, legend range. */
export function useHeatmap() {
  const tensorStore = useTensors()
  const settings = useSettings()
  const measurements = useMeasurements()
  const selection = useSelection()

  /** Norms and biases, which no quantizer touches. */
  const showKept = ref(false)
  const range = ref<readonly [number, number] | null>(null)

  const measure = computed(() => measureInfo(settings.measure))
  /** `Q4_K`, or `Q4_K optimal`. */
  const shown = computed(() => formatTitle(settings.format, settings.method))
  const other = computed(() => formatTitle(settings.otherFormat ?? '', settings.otherMethod))
  const isDifference = computed(() => settings.otherFormat !== null && shown.value !== other.value)
  const table = computed(() => measurements.table(settings.format, settings.method))
  const minus = computed(() =>
    isDifference.value ? measurements.table(settings.otherFormat ?? '', settings.otherMethod) : null,
  )
  const tensors = computed(() => tensorStore.all.filter((tensor) => showKept.value || tensor.quantizable))
  const cells = computed(() =>
    heatmapCells(tensors.value, { table: table.value, minus: minus.value }, settings.measure),
  )
  const ranks = computed(() => ranksOf(cells.value, measure.value, isDifference.value))
  const measured = computed(() => cells.value.filter((cell) => cell.value !== null).length)
  const sampled = computed(() => cells.value.filter((cell) => cell.sampled).length)
  const grid = computed(() => layerGrid(cells.value))

  const byLayer = computed(() => Map.groupBy(tensors.value, (tensor) => tensor.layer))
  const byRole = computed(() =>
    Map.groupBy(
      tensors.value.filter((tensor) => tensor.layer !== null),
      (tensor) => tensor.role,
    ),
  )

  function edgeValue(chosen: readonly Tensor[] = []): number | null {
    const one = pooledMeasure(chosen, table.value, settings.measure)
    if (minus.value === null) return one
    const other = pooledMeasure(chosen, minus.value, settings.measure)
    return one === null || other === null ? null : one - other
  }

  const edges = computed<Edges>(() => ({
    layers: grid.value.layers.map((layer) => edgeValue(byLayer.value.get(layer))),
    roles: grid.value.roles.map((role) => edgeValue(byRole.value.get(role))),
  }))

  function details(name: string): readonly TooltipRow[] {
    const rank = ranks.value.get(name)
    const one = table.value.get(name)
    const taken = minus.value?.get(name)
    return [
      ...(one && taken
        ? [one, taken].map(
            (side) => [formatTitle(side.format, side.method), significant(side[settings.measure])] as const,
          )
        : []),
      ...(rank === undefined ? [] : [['Rank', `${exact(rank)} of ${exact(ranks.value.size)}`] as const]),
      ...(one ? [[`Bytes as ${one.effectiveFormat}`, bytes(one.bytes)] as const] : []),
      ...(one && one.effectiveFormat !== one.format
        ? [['Shape fallback', `${one.format} does not fit its rows`] as const]
        : []),
    ]
  }

  const input = computed<HeatmapInput>(() => ({
    cells: cells.value,
    measure: measure.value,
    scale: measure.value.scale,
    palette: isDifference.value ? 'difference' : 'cividis',
    selected: new Set(selection.names),
    range: range.value,
    details,
  }))

  return {
    input,
    cells,
    ranks,
    grid,
    edges,
    measured,
    sampled,
    measure,
    isDifference,
    shown,
    other,
    showKept,
    range,
    table,
    tensors,
  }
}
