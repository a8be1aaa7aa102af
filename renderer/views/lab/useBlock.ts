import { computed, ref, shallowRef, watch } from 'vue'
import { LAB_FORMATS, type ExploredGroup, type Method } from '../../../preload/contract.ts'
import { weightsOf } from '../../components/tensor-facts.ts'
import { useHostValue } from '../../composables/useHostValue.ts'
import { useHost } from '../../stores/host.ts'
import { useModels } from '../../stores/models.ts'
import { useSelection } from '../../stores/selection.ts'

/** The block that is looked into: which one, in which format, and what the host found. */
export function useBlock() {
  const host = useHost()
  const models = useModels()
  const selection = useSelection()

  const format = ref<string>('Q4_0')
  const method = ref<Method>('optimal')
  const row = ref(0)
  /** Null: where the method gains most. */
  const place = ref<number | null>(null)

  const tensor = computed(() => selection.primary)
  const rows = computed(() =>
    tensor.value ? weightsOf(tensor.value) / Math.max(1, tensor.value.shape[0] ?? 1) : 0,
  )
  const formats = computed(() =>
    host.formats.filter(({ name }) => (LAB_FORMATS as readonly string[]).includes(name)),
  )
  const methods = computed(() => {
    const known = formats.value.find(({ name }) => name === format.value)?.methods ?? []
    return known.filter((one) => one.startsWith('optimal'))
  })
  watch(tensor, () => {
    row.value = 0
    place.value = null
  })
  watch(format, () => (place.value = null))

  const asked = useHostValue('lab.block', () => {
    if (models.activeId === null || tensor.value === null || !methods.value.includes(method.value))
      return null
    return {
      model: models.activeId,
      tensor: tensor.value.name,
      row: row.value,
      block: place.value,
      format: format.value,
      method: method.value,
      ...(models.imatrix !== null && { imatrix: models.imatrix }),
    }
  })
  const { error } = asked
  /** The last answer stays until the next one is there, so that steps do not flicker. */
  const block = shallowRef<ExploredGroup | null>(null)
  watch([asked.value, error, asked.loading], ([value, failed, loading]) => {
    if (value || failed || !loading) block.value = value
  })

  /** To the next block or the one before, over the ends of rows. */
  function step(by: 1 | -1): void {
    const shown = block.value
    if (!shown) return
    const next = shown.group + by
    if (next >= 0 && next < shown.groups) place.value = next
    else if (row.value + by >= 0 && row.value + by < rows.value) {
      row.value += by
      place.value = by > 0 ? 0 : shown.groups - 1
    }
  }

  function atEnd(by: 1 | -1): boolean {
    const shown = block.value
    if (!shown) return true
    const [next, nextRow] = [shown.group + by, row.value + by]
    return (next < 0 || next >= shown.groups) && (nextRow < 0 || nextRow >= rows.value)
  }

  return { tensor, rows, format, formats, method, methods, row, place, block, error, step, atEnd }
}
