import { useDebounceFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type {
  ErrorData,
  Method,
  ModelId,
  Plan,
  PlanChoices,
  PlannedTensor,
  TensorChoice,
} from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { hasEnded, useJobs } from './jobs.ts'
import { useModels } from './models.ts'
import { useNotices } from './notices.ts'

/** What undo steps back to. */
interface PlanState {
  readonly choices: PlanChoices
  /** Tensors that presets and row, role or layer changes leave alone. */
  readonly pins: ReadonlySet<string>
}

interface History {
  readonly past: readonly PlanState[]
  readonly present: PlanState
  readonly future: readonly PlanState[]
}

const EMPTY: PlanState = { choices: {}, pins: new Set() }
const FRESH: History = { past: [], present: EMPTY, future: [] }
const HISTORY_LENGTH = 200
const EVALUATE_AFTER_MS = 120

/**
 * The plan of the active model: a format and method per tensor, with undo and redo, evaluated by the host.
 *
 * - `choices`, `pins`; `choiceOf(name)` (null: stored type is kept), `isPinned(name)`
 * - `evaluated` the host's plan with exact size and known errors (null until it answered), `plannedOf(name)`;
 *   `planned` the same by name, for loops over all tensors: every call of a store's function is watched, and dear
 * - `pending` an evaluation is under way; `error` why the last one failed
 * - `setTensors(names, choice)` one step of history, pins stay (choice null: keep the stored type);
 *   `setTensor(name, choice)` changes even a pinned one
 * - `applyPreset(name, method)`, `adopt(plan)` (loaded or imported), `clear()`
 * - `togglePins(names)`; `undo()`, `redo()`, `canUndo`, `canRedo`
 */
export const usePlan = defineStore('plan', () => {
  const models = useModels()
  const notices = useNotices()
  const jobs = useJobs()
  const histories = shallowRef<ReadonlyMap<ModelId, History>>(new Map())
  const evaluated = shallowRef<Plan | null>(null)
  const pending = shallowRef(false)
  const error = shallowRef<ErrorData | null>(null)

  const history = computed(() =>
    models.activeId === null ? FRESH : (histories.value.get(models.activeId) ?? FRESH),
  )
  const choices = computed(() => history.value.present.choices)
  const pins = computed(() => history.value.present.pins)
  const canUndo = computed(() => history.value.past.length > 0)
  const canRedo = computed(() => history.value.future.length > 0)
  const planned = computed(() => new Map((evaluated.value?.tensors ?? []).map((one) => [one.name, one])))

  const choiceOf = (name: string): TensorChoice | null => choices.value[name] ?? null
  const plannedOf = (name: string): PlannedTensor | null => planned.value.get(name) ?? null
  const isPinned = (name: string): boolean => pins.value.has(name)

  function setHistory(next: History): void {
    if (models.activeId === null) return
    histories.value = new Map(histories.value).set(models.activeId, next)
  }

  function push(next: Partial<PlanState>): void {
    const { past, present } = history.value
    setHistory({
      past: [...past, present].slice(-HISTORY_LENGTH),
      present: { ...present, ...next },
      future: [],
    })
  }

  function withChoice(names: readonly string[], choice: TensorChoice | null): PlanChoices {
    if (choice) return { ...choices.value, ...Object.fromEntries(names.map((name) => [name, choice])) }
    const dropped = new Set(names)
    return Object.fromEntries(Object.entries(choices.value).filter(([name]) => !dropped.has(name)))
  }

  function setTensors(names: readonly string[], choice: TensorChoice | null): void {
    const free = names.filter((name) => !isPinned(name))
    if (free.length > 0) push({ choices: withChoice(free, choice) })
  }

  function setTensor(name: string, choice: TensorChoice | null): void {
    push({ choices: withChoice([name], choice) })
  }

  /** Takes over the choices of a plan; pinned tensors keep theirs. */
  function adopt(plan: Plan): void {
    const kept = Object.entries(choices.value).filter(([name]) => isPinned(name))
    const taken = plan.tensors
      .filter((one) => one.method !== null && !isPinned(one.name))
      .map((one) => [one.name, { format: one.requested, method: one.method }])
    push({ choices: Object.fromEntries([...taken, ...kept]) as PlanChoices })
  }

  async function applyPreset(preset: string, method: Method): Promise<void> {
    const model = models.activeId
    if (model === null) return
    const outcome = await notices.reported(call('plans.preset', { model, preset, method }))
    if (outcome.ok && models.activeId === model) adopt(outcome.value)
  }

  function clear(): void {
    const kept = Object.entries(choices.value).filter(([name]) => isPinned(name))
    push({ choices: Object.fromEntries(kept) })
  }

  /** Pins all of them, or frees them when all are pinned. */
  function togglePins(names: readonly string[]): void {
    const next = new Set(pins.value)
    const free = names.every((name) => next.has(name))
    for (const name of names) {
      if (free) next.delete(name)
      else next.add(name)
    }
    push({ pins: next })
  }

  function undo(): void {
    const { past, present, future } = history.value
    const before = past.at(-1)
    if (before) setHistory({ past: past.slice(0, -1), present: before, future: [present, ...future] })
  }

  function redo(): void {
    const { past, present, future } = history.value
    const [next, ...rest] = future
    if (next) setHistory({ past: [...past, present], present: next, future: rest })
  }

  let newest = 0

  /** Only the answer to the newest question counts. */
  async function evaluate(): Promise<void> {
    const model = models.activeId
    if (model === null) return
    newest += 1
    const mine = newest
    const imatrix = models.imatrix
    const outcome = await call('plans.evaluate', {
      model,
      choices: choices.value,
      ...(imatrix && { imatrix }),
    })
    if (mine !== newest) return
    pending.value = false
    error.value = outcome.ok ? null : outcome.error
    if (outcome.ok) evaluated.value = outcome.value
  }

  const evaluateSoon = useDebounceFn(evaluate, EVALUATE_AFTER_MS)

  watch(
    () => models.activeId,
    () => {
      evaluated.value = null
      error.value = null
    },
  )
  /** An analysis that has ended may complete the errors of the plan. */
  watch(
    () => jobs.all.filter((job) => job.kind === 'analysis' && hasEnded(job)).length,
    () => void evaluateSoon(),
  )
  watch(
    [choices, () => models.activeId, () => models.imatrix],
    () => {
      pending.value = models.activeId !== null
      void evaluateSoon()
    },
    { immediate: true },
  )

  return {
    choices, pins, evaluated, planned, pending, error, canUndo, canRedo,
    choiceOf, plannedOf, isPinned, setTensor, setTensors, adopt, applyPreset, clear,
    togglePins, undo, redo, evaluate,
  } // prettier-ignore
})
