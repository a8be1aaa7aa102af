import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { ModelId, ModelSummary, Outcome, RecentModel } from '../../preload/contract.ts'
import { call, on, onGap } from '../bridge/index.ts'
import { useNotices } from './notices.ts'

/**
 * The opened models, and which one the window shows.
 *
 * - `open`, `recent` lists; `activeId`, `active` the model on screen (null: none)
 * - `opening` path of a model that is being opened
 * - `imatrix` importance file used for the active model, or null; `setImatrix(path)` changes it
 * - `openPath(path)`, `activate(id)`, `close(id)`, `forget(path)`; `start()` asks the host and listens
 */
export const useModels = defineStore('models', () => {
  const notices = useNotices()
  const open = shallowRef<readonly ModelSummary[]>([])
  const recent = shallowRef<readonly RecentModel[]>([])
  const activeId = ref<ModelId | null>(null)
  const opening = ref<string | null>(null)
  const imatrices = ref<Readonly<Record<ModelId, string | null>>>({})

  const active = computed(() => open.value.find((model) => model.id === activeId.value) ?? null)
  const imatrix = computed(() => (activeId.value === null ? null : (imatrices.value[activeId.value] ?? null)))

  function setOpen(models: readonly ModelSummary[]): void {
    open.value = models
    if (!models.some((model) => model.id === activeId.value)) activeId.value = models.at(-1)?.id ?? null
  }

  async function refreshRecent(): Promise<void> {
    const outcome = await notices.reported(call('models.recent', null))
    if (outcome.ok) recent.value = outcome.value
  }

  async function start(): Promise<void> {
    on('models', setOpen)
    on('openPath', ({ path }) => void openPath(path))
    onGap(() => void askOpen())
    await askOpen()
    await refreshRecent()
  }

  async function askOpen(): Promise<void> {
    const outcome = await notices.reported(call('models.list', null))
    if (outcome.ok) setOpen(outcome.value)
  }

  async function openPath(path: string): Promise<Outcome<ModelSummary>> {
    opening.value = path
    const outcome = await notices.reported(call('models.open', { path }))
    opening.value = null
    if (!outcome.ok) return outcome
    const others = open.value.filter((model) => model.id !== outcome.value.id)
    setOpen([...others, outcome.value])
    activeId.value = outcome.value.id
    await refreshRecent()
    return outcome
  }

  function activate(id: ModelId): void {
    if (open.value.some((model) => model.id === id)) activeId.value = id
  }

  async function close(id: ModelId): Promise<void> {
    const outcome = await notices.reported(call('models.close', { model: id }))
    if (outcome.ok) setOpen(open.value.filter((model) => model.id !== id))
  }

  async function forget(path: string): Promise<void> {
    await notices.reported(call('models.forget', { path }))
    await refreshRecent()
  }

  function setImatrix(path: string | null): void {
    if (activeId.value !== null) imatrices.value = { ...imatrices.value, [activeId.value]: path }
  }

  return {
    open, recent, activeId, active, opening, imatrix,
    start, openPath, activate, close, forget, setImatrix,
  } // prettier-ignore
})
