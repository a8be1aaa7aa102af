import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { Tensor } from '../../preload/contract.ts'
import { useTensors } from './tensors.ts'

/**
 * The one selection that all pages share: names of tensors of the active model.
 *
 * - `names` in the order they were selected, `has(name)`
 * - `primary` the tensor the inspector shows: the one selected last; null for none
 * - `tensors` the selected tensors
 * - `select(name)` this alone, `toggle(name)` adds or removes, `selectMany(names, primary?)`, `clear()`
 */
export const useSelection = defineStore('selection', () => {
  const tensorStore = useTensors()
  const names = shallowRef<readonly string[]>([])
  const members = computed(() => new Set(names.value))
  const primary = computed<Tensor | null>(() => tensorStore.named(names.value.at(-1) ?? ''))
  const tensors = computed(() =>
    names.value.map((name) => tensorStore.named(name)).filter((tensor) => tensor !== null),
  )

  const has = (name: string): boolean => members.value.has(name)

  function select(name: string): void {
    names.value = [name]
  }

  function toggle(name: string): void {
    names.value = has(name) ? names.value.filter((one) => one !== name) : [...names.value, name]
  }

  /** The primary tensor goes last; without one the last of the names is it. */
  function selectMany(several: readonly string[], first?: string): void {
    const rest = first === undefined ? several : several.filter((name) => name !== first)
    names.value = first === undefined ? rest : [...rest, first]
  }

  function clear(): void {
    names.value = []
  }

  watch(() => tensorStore.modelId, clear)

  return { names, primary, tensors, has, select, toggle, selectMany, clear }
})
