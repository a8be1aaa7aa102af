import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { ErrorData, Method, ModelId, Plan, PlanChoices } from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { hasEnded, useJobs } from './jobs.ts'
import { useModels } from './models.ts'
import { useNotices } from './notices.ts'
import { choicesOf } from './plan-choices.ts'
import { usePlan } from './plan.ts'

export const SLOT_NAMES = ['A', 'B', 'C'] as const
export type SlotName = (typeof SLOT_NAMES)[number]

/** A plan laid aside to be compared. */
export interface Slot {
  readonly label: string
  readonly choices: PlanChoices
  /** Null until the host has evaluated it. */
  readonly plan: Plan | null
  /** Why it could not. */
  readonly error: ErrorData | null
}

export type Slots = Readonly<Record<SlotName, Slot | null>>

const EMPTY: Slots = { A: null, B: null, C: null }

/**
 * Three plans of the active model side by side.
 *
 * - `slots` by name, null where nothing lies
 * - `put(name, label, choices)`, `putPreset(name, preset, method)`, `load(name, path)`, `clear(name)`
 * - `use(name)` makes it the current plan; pinned tensors keep their choice
 *
 * All are evaluated with the importance and the damage model in use, and again when these change or an analysis ends.
 */
export const useSlots = defineStore('slots', () => {
  const models = useModels()
  const notices = useNotices()
  const jobs = useJobs()
  const current = usePlan()
  const byModel = shallowRef<ReadonlyMap<ModelId, Slots>>(new Map())
  const slots = computed(() => byModel.value.get(models.activeId ?? '') ?? EMPTY)

  function set(model: ModelId, name: SlotName, slot: Slot | null): void {
    const next = { ...(byModel.value.get(model) ?? EMPTY), [name]: slot }
    byModel.value = new Map(byModel.value).set(model, next)
  }

  /** An answer counts while the same choices lie in the slot. */
  async function evaluate(model: ModelId, name: SlotName): Promise<void> {
    const slot = byModel.value.get(model)?.[name]
    if (!slot) return
    const { imatrix } = models
    const { damage } = current
    const { choices } = slot
    const outcome = await call('plans.evaluate', {
      model,
      choices,
      damage,
      ...(imatrix !== null && { imatrix }),
    })
    const now = byModel.value.get(model)?.[name]
    if (now?.choices !== choices || models.imatrix !== imatrix || current.damage !== damage) return
    set(
      model,
      name,
      outcome.ok ? { ...now, plan: outcome.value, error: null } : { ...now, error: outcome.error },
    )
  }

  async function put(name: SlotName, label: string, choices: PlanChoices): Promise<void> {
    const model = models.activeId
    if (model === null) return
    set(model, name, { label, choices, plan: null, error: null })
    await evaluate(model, name)
  }

  async function putPreset(name: SlotName, preset: string, method: Method): Promise<void> {
    const { activeId: model, imatrix } = models
    if (model === null) return
    const request = { model, preset, method, ...(imatrix !== null && { imatrix }) }
    const outcome = await notices.reported(call('plans.preset', request))
    if (outcome.ok && models.activeId === model) await put(name, preset, choicesOf(outcome.value))
  }

  async function load(name: SlotName, path: string): Promise<void> {
    const { activeId: model, imatrix } = models
    if (model === null) return
    const request = { model, path, ...(imatrix !== null && { imatrix }) }
    const outcome = await notices.reported(call('plans.load', request))
    if (!outcome.ok || models.activeId !== model) return
    await put(name, path.split(/[\\/]/).at(-1) ?? path, choicesOf(outcome.value.plan))
    for (const { message } of outcome.value.findings) notices.warn(message)
  }

  function clear(name: SlotName): void {
    if (models.activeId !== null) set(models.activeId, name, null)
  }

  function use(name: SlotName): void {
    const plan = slots.value[name]?.plan
    if (plan) current.adopt(plan)
  }

  async function evaluateAll(): Promise<void> {
    const model = models.activeId
    if (model !== null) await Promise.all(SLOT_NAMES.map((name) => evaluate(model, name)))
  }

  watch(
    [
      () => models.activeId,
      () => models.imatrix,
      () => current.damage,
      () => jobs.all.filter((job) => job.kind === 'analysis' && hasEnded(job)).length,
    ],
    () => void evaluateAll(),
  )

  return { slots, put, putPreset, load, clear, use }
})
