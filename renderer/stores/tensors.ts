import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { ErrorData, ModelId, Tensor } from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { useModels } from './models.ts'

const NONE: readonly Tensor[] = []

/**
 * The tensors of the active model.
 *
 * - `all` in file order; `named(name)` one of them, `indexOf(name)` its place (-1: none)
 * - `layers` layer numbers in order, `roles` in order of first appearance, `types`
 * - `state` and, when it failed, `error`; `modelId` the model they belong to
 */
export const useTensors = defineStore('tensors', () => {
  const models = useModels()
  const all = shallowRef<readonly Tensor[]>(NONE)
  const modelId = ref<ModelId | null>(null)
  const state = ref<'empty' | 'loading' | 'ready' | 'failed'>('empty')
  const error = shallowRef<ErrorData | null>(null)

  const places = computed(() => new Map(all.value.map((tensor, index) => [tensor.name, index])))
  const layers = computed(() => {
    const found = new Set(all.value.map((tensor) => tensor.layer).filter((layer) => layer !== null))
    return [...found].sort((a, b) => a - b)
  })
  const roles = computed(() => [...new Set(all.value.map((tensor) => tensor.role))])
  const types = computed(() => [...new Set(all.value.map((tensor) => tensor.type))])

  const indexOf = (name: string): number => places.value.get(name) ?? -1
  const named = (name: string): Tensor | null => all.value[indexOf(name)] ?? null

  function clear(next: typeof state.value): void {
    all.value = NONE
    error.value = null
    state.value = next
  }

  async function load(model: ModelId): Promise<void> {
    clear('loading')
    const outcome = await call('models.tensors', { model })
    if (models.activeId !== model) return
    error.value = outcome.ok ? null : outcome.error
    all.value = outcome.ok ? outcome.value : NONE
    state.value = outcome.ok ? 'ready' : 'failed'
  }

  watch(
    () => models.activeId,
    (model) => {
      modelId.value = model
      if (model === null) clear('empty')
      else void load(model)
    },
    { immediate: true },
  )

  return { all, modelId, state, error, layers, roles, types, indexOf, named }
})
