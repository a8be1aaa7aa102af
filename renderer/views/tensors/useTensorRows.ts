import { refDebounced } from '@vueuse/core'
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Tensor } from '../../../preload/contract.ts'
import type { TableSort } from '../../components/table-column.ts'
import { useMeasurements, type MeasurementTable } from '../../stores/measurements.ts'
import { useSettings } from '../../stores/settings.ts'
import { useTensors } from '../../stores/tensors.ts'
import { filterTensors, lowerNames, nameTest, NO_QUERY, type TensorQuery } from './tensor-filter.ts'
import { sortIndices, TensorKeys, type SortColumn } from './tensor-order.ts'

export interface TensorRows {
  readonly query: ShallowRef<TensorQuery>
  readonly sort: Ref<TableSort>
  /** Whether the text is a valid pattern. */
  readonly valid: ComputedRef<boolean>
  /** Indices into the tensors of the model, filtered and sorted. */
  readonly indices: ComputedRef<Uint32Array>
  readonly measured: ComputedRef<MeasurementTable>
  readonly tensorAt: (row: number) => Tensor | null
  readonly sortBy: (column: string) => void
}

const TYPING_PAUSE_MS = 80
/** Columns of which the big values are asked for first. */
const DESCENDING_FIRST: ReadonlySet<string> = new Set(['shape', 'bytes', 'bpw', 'error'])

/** The rows of the tensor table: an array of indices, filtered and sorted by numbers only. */
export function useTensorRows(): TensorRows {
  const tensors = useTensors()
  const settings = useSettings()
  const measurements = useMeasurements()
  const query = shallowRef<TensorQuery>(NO_QUERY)
  const settled = refDebounced(query, TYPING_PAUSE_MS)
  const sort = ref<TableSort>({ column: 'file', descending: false })

  const names = computed(() => lowerNames(tensors.all))
  const keys = computed(() => new TensorKeys(tensors.all))
  watch(keys, (made) => requestIdleCallback(() => made.prepare()), { immediate: true })
  const measured = computed(() => measurements.table(settings.format, settings.method))
  const valid = computed(() => nameTest(query.value.text) !== null)
  const filtered = computed(() => filterTensors(tensors.all, names.value, settled.value))
  const sortKeys = computed(() => {
    const column = sort.value.column as SortColumn
    if (column !== 'error') return keys.value.of(column)
    return keys.value.ofMeasure(measured.value, settings.measure)
  })
  const indices = computed(() => sortIndices(filtered.value, sortKeys.value, sort.value.descending))

  /** First click: the useful direction; second: the other one; third: file order. */
  function sortBy(column: string): void {
    const first = DESCENDING_FIRST.has(column)
    if (sort.value.column !== column) sort.value = { column, descending: first }
    else if (sort.value.descending === first) sort.value = { column, descending: !first }
    else sort.value = { column: 'file', descending: false }
  }

  const tensorAt = (row: number): Tensor | null => tensors.all[indices.value[row] ?? -1] ?? null

  return { query, sort, valid, indices, measured, tensorAt, sortBy }
}
