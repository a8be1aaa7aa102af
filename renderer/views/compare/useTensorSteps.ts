import { computed } from 'vue'
import type { Tensor } from '../../../preload/contract.ts'
import { useSelection } from '../../stores/selection.ts'
import { useTensors } from '../../stores/tensors.ts'

/** The quantizable tensors in file order, and steps between them. */
export function useTensorSteps() {
  const tensors = useTensors()
  const selection = useSelection()

  const quantizable = computed(() => tensors.all.filter((tensor) => tensor.quantizable))
  const place = computed(() =>
    quantizable.value.findIndex((tensor) => tensor.name === selection.primary?.name),
  )

  const beside = (step: number): Tensor | null => {
    if (place.value < 0) return quantizable.value.at(step > 0 ? 0 : -1) ?? null
    return quantizable.value[place.value + step] ?? null
  }
  const next = computed(() => beside(1))
  const previous = computed(() => beside(-1))

  return { quantizable, place, next, previous }
}
