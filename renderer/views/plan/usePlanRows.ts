import { refDebounced } from '@vueuse/core'
import { computed, ref, shallowRef } from 'vue'
import type { TableSort } from '../../components/table-column.ts'
import { usePlan } from '../../stores/plan.ts'
import { useTensors } from '../../stores/tensors.ts'
import { filterTensors, lowerNames, nameTest, NO_QUERY, type TensorQuery } from '../tensors/tensor-filter.ts'
import { sortPlanRows, type PlanRow } from './plan-rows.ts'

const TYPING_PAUSE_MS = 80

export type PlanRows = ReturnType<typeof usePlanRows>

/** The tensors of the plan, filtered and sorted. */
export function usePlanRows() {
  const tensors = useTensors()
  const plan = usePlan()
  const query = shallowRef<TensorQuery>(NO_QUERY)
  const settled = refDebounced(query, TYPING_PAUSE_MS)
  const sort = ref<TableSort>({ column: 'file', descending: false })

  const valid = computed(() => nameTest(query.value.text) !== null)
  const names = computed(() => lowerNames(tensors.all))
  const filtered = computed(() => filterTensors(tensors.all, names.value, settled.value))
  const shown = computed(() =>
    Array.from(filtered.value, (index) => tensors.all[index]).filter((tensor) => tensor !== undefined),
  )
  /** Names alone do not change with the plan, so what needs no more than them stays still while it is edited. */
  const shownNames = computed(() => shown.value.map((tensor) => tensor.name))
  const unsorted = computed(() => {
    const { planned, choices, pins } = plan
    return shown.value.map((tensor): PlanRow => ({
      tensor,
      planned: planned.get(tensor.name) ?? null,
      requested: choices[tensor.name]?.format ?? null,
      pinned: pins.has(tensor.name),
    }))
  })
  const rows = computed(() => sortPlanRows(unsorted.value, sort.value))

  function sortBy(column: string): void {
    if (sort.value.column !== column) sort.value = { column, descending: false }
    else if (!sort.value.descending) sort.value = { column, descending: true }
    else sort.value = { column: 'file', descending: false }
  }

  return { query, valid, sort, rows, shownNames, sortBy }
}
