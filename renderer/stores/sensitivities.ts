import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type {
  ErrorData,
  Job,
  Outcome,
  SensitivityEstimate,
  SensitivityRequest,
} from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { useDamage } from './damage.ts'
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

/**
 * How much the active model suffers from errors in each of its tensors, as llama.cpp measured it.
 *
 * - `known` what is measured, with the active importance; null when nothing is; `error` why it is not known
 * - `settings` of the next measurement, kept; `obstacle` why it can not be estimated; null when it can
 * - `estimate` what it would take, for the settings as they are, or null; `estimating`, `estimateError`;
 *   `askEstimate()` runs llama.cpp for a few seconds
 * - `start()`; `jobs` of the active model, newest first; `save(path)`
 */
export const useSensitivities = defineStore('sensitivities', () => {
  const models = useModels()
  const notices = useNotices()
  const damage = useDamage()
  const jobStore = useJobs()
  const settings = useLocalStorage('quantaloupe.sensitivity', FIRST_SETTINGS, { mergeDefaults: true })
  const answer = shallowRef<{ readonly question: string; readonly value: SensitivityEstimate } | null>(null)
  const estimating = ref(false)
  const estimateError = shallowRef<ErrorData | null>(null)

  const known = computed(() => damage.measured)
  const error = computed(() => damage.error)
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
  /** Every finished group is kept by the host while the run goes on. */
  watch(
    () => jobs.value.filter((job) => job.state === 'running').map((job) => job.tensorsDone),
    (groups, before) => {
      if (groups.join() !== before.join() && groups.some((done) => done > 0)) void damage.ask()
    },
  )

  return {
    known, error, settings, obstacle, estimate, estimating, estimateError, jobs,
    askEstimate, start, save,
  } // prettier-ignore
})
