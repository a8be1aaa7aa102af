import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef, watch } from 'vue'
import type {
  ErrorData,
  Job,
  ModelId,
  Outcome,
  Sensitivities,
  SensitivityEstimate,
  SensitivityRequest,
} from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { useJobs } from './jobs.ts'
import { useModels } from './models.ts'
import { useNotices } from './notices.ts'

/** How sensitivities are measured; the same for all models. */
export interface SensitivitySettings {
  /** Path of a text; empty until one is chosen. */
  text: string
  context: number
  /** At most. */
  tokens: number
  formats: string[]
  /** 0: one measurement per tensor; else per role within so many neighbouring layers. */
  layers: number
}

const FIRST_SETTINGS: SensitivitySettings = {
  text: '', context: 512, tokens: 4096, formats: ['Q3_K', 'Q4_K'], layers: 0,
} // prettier-ignore

function listKey(model: ModelId, imatrix: string | null): string {
  return JSON.stringify([model, imatrix])
}

/**
 * How much the active model suffers from errors in each of its tensors, as llama.cpp measured it.
 *
 * - `known` what is measured, with the active importance; null when nothing is. Asks the host at the first use
 *   (reactive: read it in a computed); `error` why it could not
 * - `settings` of the next measurement, kept; `obstacle` why it can not be estimated; null when it can
 * - `estimate` what it would take, for the settings as they are, or null; `estimating`, `estimateError`;
 *   `askEstimate()` runs llama.cpp for a few seconds
 * - `start()`; `jobs` of the active model, newest first; `refresh()`; `save(path)`
 */
export const useSensitivities = defineStore('sensitivities', () => {
  const models = useModels()
  const notices = useNotices()
  const jobStore = useJobs()
  const lists = shallowReactive(new Map<string, Sensitivities | null>())
  const errors = shallowReactive(new Map<string, ErrorData>())
  const requested = new Set<string>()
  const settings = useLocalStorage('quantaloupe.sensitivity', FIRST_SETTINGS, { mergeDefaults: true })
  const answer = shallowRef<{ readonly question: string; readonly value: SensitivityEstimate } | null>(null)
  const estimating = ref(false)
  const estimateError = shallowRef<ErrorData | null>(null)

  const activeKey = computed(() => listKey(models.activeId ?? '', models.imatrix))
  const known = computed(() => {
    const model = models.activeId
    if (model === null) return null
    if (!requested.has(activeKey.value)) void load(model, models.imatrix)
    return lists.get(activeKey.value) ?? null
  })
  const error = computed(() => errors.get(activeKey.value) ?? null)
  const jobs = computed(() =>
    jobStore.all
      .filter((job) => job.kind === 'sensitivity' && job.modelPath === models.active?.path)
      .reverse(),
  )
  const obstacle = computed(() => {
    if (settings.value.text.trim() === '') return 'Choose a text first.'
    return settings.value.formats.length === 0 ? 'Choose at least one format.' : null
  })
  const request = computed<SensitivityRequest | null>(() => {
    const model = models.activeId
    if (model === null || obstacle.value !== null) return null
    const { text, context, tokens, formats, layers } = settings.value
    const grouping = layers === 0 ? ({ kind: 'tensor' } as const) : ({ kind: 'layers', layers } as const)
    const { imatrix } = models
    return {
      model,
      text,
      context,
      tokens,
      formats: [...formats],
      grouping,
      ...(imatrix !== null && { imatrix }),
    }
  })
  const question = computed(() => JSON.stringify(request.value))
  const estimate = computed(() => (answer.value?.question === question.value ? answer.value.value : null))

  async function load(model: ModelId, imatrix: string | null): Promise<void> {
    const key = listKey(model, imatrix)
    requested.add(key)
    const outcome = await call('sensitivity.list', { model, ...(imatrix !== null && { imatrix }) })
    if (outcome.ok) {
      lists.set(key, outcome.value)
      errors.delete(key)
    } else errors.set(key, outcome.error)
  }

  async function refresh(): Promise<void> {
    if (models.activeId !== null) await load(models.activeId, models.imatrix)
  }

  async function askEstimate(): Promise<void> {
    const asked = question.value
    if (request.value === null) return
    estimating.value = true
    const outcome = await call('sensitivity.estimate', request.value)
    estimating.value = false
    estimateError.value = outcome.ok ? null : outcome.error
    if (outcome.ok) answer.value = { question: asked, value: outcome.value }
  }

  async function start(): Promise<Outcome<Job> | null> {
    if (request.value === null) return null
    const outcome = await notices.reported(call('sensitivity.start', request.value))
    if (outcome.ok) jobStore.put(outcome.value)
    return outcome
  }

  async function save(path: string): Promise<void> {
    const sensitivities = known.value
    if (!sensitivities) return
    const outcome = await notices.reported(call('sensitivity.save', { sensitivities, path }))
    if (outcome.ok) notices.tell(`Saved the sensitivities to ${path}.`)
  }

  watch(question, () => (estimateError.value = null))
  /** Every finished group is kept by the host, also of a run that was stopped. */
  watch(
    () =>
      jobStore.all
        .filter((job) => job.kind === 'sensitivity')
        .map((job) => `${job.id} ${job.state} ${job.tensorsDone}`)
        .join(),
    () => {
      requested.clear()
      void refresh()
    },
  )

  return {
    known, error, settings, obstacle, estimate, estimating, estimateError, jobs,
    askEstimate, start, refresh, save,
  } // prettier-ignore
})
