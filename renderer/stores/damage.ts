import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { DamageModel, ErrorData, ModelId, Sensitivities } from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { hasEnded, useJobs } from './jobs.ts'
import { useModels } from './models.ts'

/**
 * By what the damage of plans is predicted.
 *
 * - `model` the damage model in use: the user's choice, else measured sensitivities where there are some, else role priors
 * - `choose(model)` for the active model; null goes back to the usual one
 * - `file` a file of sensitivities used in place of the cache's, or null; `setFile(path)`
 * - `measured` the sensitivities that the cache knows, or null; `error` why they are not known
 */
export const useDamage = defineStore('damage', () => {
  const models = useModels()
  const jobs = useJobs()
  const chosen = shallowRef<ReadonlyMap<ModelId, DamageModel | null>>(new Map())
  const files = shallowRef<ReadonlyMap<ModelId, string | null>>(new Map())
  const measured = shallowRef<Sensitivities | null>(null)
  const error = shallowRef<ErrorData | null>(null)

  const file = computed(() => files.value.get(models.activeId ?? '') ?? null)
  const hasMeasured = computed(() => measured.value !== null || file.value !== null)
  const model = computed<DamageModel>(
    () => chosen.value.get(models.activeId ?? '') ?? (hasMeasured.value ? 'measured' : 'priors'),
  )

  function choose(next: DamageModel | null): void {
    if (models.activeId !== null) chosen.value = new Map(chosen.value).set(models.activeId, next)
  }

  function setFile(path: string | null): void {
    if (models.activeId !== null) files.value = new Map(files.value).set(models.activeId, path)
  }

  let newest = 0
  async function ask(): Promise<void> {
    const { activeId, imatrix } = models
    newest += 1
    const mine = newest
    if (activeId === null) return
    const outcome = await call('sensitivity.list', { model: activeId, ...(imatrix !== null && { imatrix }) })
    if (mine !== newest) return
    error.value = outcome.ok ? null : outcome.error
    measured.value = outcome.ok ? outcome.value : null
  }

  const ended = () => jobs.all.filter((job) => job.kind === 'sensitivity' && hasEnded(job)).length
  watch(ended, () => void ask())
  watch(
    [() => models.activeId, () => models.imatrix],
    () => {
      measured.value = null
      void ask()
    },
    { immediate: true },
  )

  return { model, file, measured, error, choose, setFile, ask }
})
