import { computed, type ComputedRef } from 'vue'
import type { Measurement } from '../../preload/contract.ts'
import { useMeasurements } from '../stores/measurements.ts'
import { useModels } from '../stores/models.ts'
import { useHostValue } from './useHostValue.ts'

/** Everything measured of one tensor, cached or live, most bits first; the exact figures win. */
export function useTensorMeasurements(name: () => string | null): ComputedRef<readonly Measurement[]> {
  const models = useModels()
  const live = useMeasurements()
  const cached = useHostValue('tensor.measurements', () => {
    const tensor = name()
    if (tensor === null || models.activeId === null) return null
    const { imatrix } = models
    return { model: models.activeId, tensor, ...(imatrix !== null && { imatrix }) }
  })

  return computed(() => {
    const tensor = name()
    const found = new Map<string, Measurement>()
    const all = [...(cached.value.value ?? []), ...(tensor === null ? [] : live.ofTensor(tensor))]
    for (const one of all) {
      const key = `${one.format} ${one.method}`
      if (one.sampledRows >= (found.get(key)?.sampledRows ?? 0)) found.set(key, one)
    }
    return [...found.values()].sort((a, b) => b.bpw - a.bpw)
  })
}
