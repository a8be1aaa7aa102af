import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowReactive, watch } from 'vue'
import type {
  ErrorData,
  Job,
  ModelId,
  Outcome,
  PlanChoices,
  StoredVerification,
  VerificationCandidate,
} from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { choicesKey } from './plan-choices.ts'
import { useJobs } from './jobs.ts'
import { useModels } from './models.ts'
import { useNotices } from './notices.ts'

const NONE: readonly StoredVerification[] = []

/** What is read, and how much of it; the same for all models. */
export interface VerificationSettings {
  /** Path of a text; empty until one is chosen. */
  text: string
  /** Tokens per chunk. */
  context: number
  /** Null: the whole text. */
  chunks: number | null
}

const FIRST_SETTINGS: VerificationSettings = { text: '', context: 512, chunks: null }

/**
 * What llama.cpp measured of the active model and its plans.
 *
 * - `list` newest first; asks the host at the first use (reactive: read it in a computed), `error` why it could not
 * - `settings` text, context and chunks of the next run, kept for the next start of the window
 * - `obstacle` why nothing can be started (no text yet); null when it can
 * - `start({label, candidate})` begins a run with these settings
 * - `ofChoices(choices, imatrix)` the newest result for a set of choices, or null
 * - `jobs` of the active model, newest first; `refresh()`, `forget(id)`
 */
export const useVerifications = defineStore('verifications', () => {
  const models = useModels()
  const notices = useNotices()
  const jobStore = useJobs()
  const lists = shallowReactive(new Map<ModelId, readonly StoredVerification[]>())
  const errors = shallowReactive(new Map<ModelId, ErrorData>())
  const requested = new Set<ModelId>()
  const settings = useLocalStorage('quantaloupe.verification', FIRST_SETTINGS, { mergeDefaults: true })

  const list = computed(() => {
    const model = models.activeId
    if (model === null) return NONE
    if (!requested.has(model)) void load(model)
    return lists.get(model) ?? NONE
  })
  const error = computed(() => errors.get(models.activeId ?? '') ?? null)
  const jobs = computed(() =>
    jobStore.all
      .filter((job) => job.kind === 'verification' && job.modelPath === models.active?.path)
      .reverse(),
  )
  const obstacle = computed(() => (settings.value.text.trim() === '' ? 'Choose a text first.' : null))
  /** Oldest first, so that the newest result of a set of choices stays. */
  const byChoices = computed(
    () =>
      new Map(
        [...list.value].reverse().map((one) => [one.choices && choicesKey(one.choices, one.imatrix), one]),
      ),
  )

  async function load(model: ModelId): Promise<void> {
    requested.add(model)
    const outcome = await call('verification.list', { model })
    if (outcome.ok) {
      lists.set(model, outcome.value)
      errors.delete(model)
    } else errors.set(model, outcome.error)
  }

  async function refresh(): Promise<void> {
    if (models.activeId !== null) await load(models.activeId)
  }

  async function start(what: {
    readonly label: string
    readonly candidate: VerificationCandidate
  }): Promise<Outcome<Job> | null> {
    const model = models.activeId
    if (model === null || obstacle.value !== null) return null
    const { text, context, chunks } = settings.value
    const request = { model, ...what, text, context, ...(chunks !== null && { chunks }) }
    const outcome = await notices.reported(call('verification.start', request))
    if (outcome.ok) jobStore.put(outcome.value)
    return outcome
  }

  async function forget(id: string): Promise<void> {
    const outcome = await notices.reported(call('verification.forget', { id }))
    if (!outcome.ok) return
    for (const [model, known] of lists)
      lists.set(
        model,
        known.filter((one) => one.id !== id),
      )
  }

  function ofChoices(choices: PlanChoices, imatrix: string | null): StoredVerification | null {
    return byChoices.value.get(choicesKey(choices, imatrix)) ?? null
  }

  /** A run that is done belongs to every open model with the same weights. */
  watch(
    () => jobStore.all.filter((job) => job.kind === 'verification' && job.state === 'done').length,
    () => {
      requested.clear()
      void refresh()
    },
  )

  return { list, error, settings, obstacle, jobs, start, refresh, forget, ofChoices }
})
