import { useDebounceFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type {
  Budget,
  DamageSettings,
  ErrorData,
  Method,
  ModelId,
  Plan,
  PlanChoices,
  PlannedTensor,
  TensorChoice,
} from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { useDamage } from './damage.ts'
import { hasEnded, useJobs } from './jobs.ts'
import { useModels } from './models.ts'
import { useNotices } from './notices.ts'
import { choicesOf } from './plan-choices.ts'
import { amended, FRESH, pushed, redone, undone, type History, type PlanState } from './plan-history.ts'
import { tensorMultipliers, type PlanRule } from './plan-rules.ts'
import { useTensors } from './tensors.ts'

const EVALUATE_AFTER_MS = 120

/**
 * The plan of the active model: a format and method per tensor, with undo and redo, evaluated by the host.
 *
 * - `choices`, `pins`; `choiceOf(name)` (null: stored type is kept), `isPinned(name)`
 * - `rules`, `multipliers` (by role) and `budget`: what the choices were searched under; `setRules`, `setMultipliers`
 * - `evaluated` the host's plan with exact size and known errors (null until it answered), `plannedOf(name)`;
 *   `planned` the same by name, for loops over all tensors: every call of a store's function is watched, and dear
 * - `pending` an evaluation is under way; `error` why the last one failed; `damage` by what it is judged
 * - `setTensors(names, choice)` one step of history, pins stay (choice null: keep the stored type);
 *   `setTensor(name, choice)` changes even a pinned one
 * - `applyPreset(name, method)`, `adopt(plan)` (loaded or imported), `clear()`
 * - `take(plan, budget, step)` a searched plan, as a new step or as the one before it (a drag is one step)
 * - `state` the present step, to see whether it is still the same
 * - `togglePins(names)`; `undo()`, `redo()`, `canUndo`, `canRedo`
 */
export const usePlan = defineStore('plan', () => {
  const models = useModels()
  const notices = useNotices()
  const jobs = useJobs()
  const tensors = useTensors()
  const damageStore = useDamage()
  const histories = shallowRef<ReadonlyMap<ModelId, History>>(new Map())
  const evaluated = shallowRef<Plan | null>(null)
  const pending = shallowRef(false)
  const error = shallowRef<ErrorData | null>(null)

  const history = computed(() =>
    models.activeId === null ? FRESH : (histories.value.get(models.activeId) ?? FRESH),
  )
  const state = computed(() => history.value.present)
  const choices = computed(() => state.value.choices)
  const pins = computed(() => state.value.pins)
  const rules = computed(() => state.value.rules)
  const multipliers = computed(() => state.value.multipliers)
  const budget = computed(() => state.value.budget)
  const canUndo = computed(() => history.value.past.length > 0)
  const canRedo = computed(() => history.value.future.length > 0)
  const planned = computed(() => new Map((evaluated.value?.tensors ?? []).map((one) => [one.name, one])))
  const damage = computed<DamageSettings>(() => {
    const factors = tensorMultipliers(multipliers.value, tensors.all)
    return {
      model: damageStore.model,
      ...(damageStore.file !== null && { sensitivities: damageStore.file }),
      ...(Object.keys(factors).length > 0 && { multipliers: factors }),
    }
  })

  const choiceOf = (name: string): TensorChoice | null => choices.value[name] ?? null
  const plannedOf = (name: string): PlannedTensor | null => planned.value.get(name) ?? null
  const isPinned = (name: string): boolean => pins.value.has(name)

  function setHistory(next: History): void {
    if (models.activeId === null) return
    histories.value = new Map(histories.value).set(models.activeId, next)
  }

  const push = (change: Partial<PlanState>) => setHistory(pushed(history.value, change))
  /** Choices that nobody searched for. */
  const pushChoices = (next: PlanChoices) => push({ choices: next, budget: null })

  function withChoice(names: readonly string[], choice: TensorChoice | null): PlanChoices {
    if (choice) return { ...choices.value, ...Object.fromEntries(names.map((name) => [name, choice])) }
    const dropped = new Set(names)
    return Object.fromEntries(Object.entries(choices.value).filter(([name]) => !dropped.has(name)))
  }

  function setTensors(names: readonly string[], choice: TensorChoice | null): void {
    const free = names.filter((name) => !isPinned(name))
    if (free.length > 0) pushChoices(withChoice(free, choice))
  }

  function setTensor(name: string, choice: TensorChoice | null): void {
    pushChoices(withChoice([name], choice))
  }

  const pinnedChoices = () => Object.entries(choices.value).filter(([name]) => pins.value.has(name))

  /** Takes over the choices of a plan; pinned tensors keep theirs. */
  function adopt(plan: Plan): void {
    const taken = Object.entries(choicesOf(plan)).filter(([name]) => !pins.value.has(name))
    pushChoices(Object.fromEntries([...taken, ...pinnedChoices()]))
  }

  async function applyPreset(preset: string, method: Method): Promise<void> {
    const { activeId: model, imatrix } = models
    if (model === null) return
    const request = { model, preset, method, damage: damage.value, ...(imatrix !== null && { imatrix }) }
    const outcome = await notices.reported(call('plans.preset', request))
    if (outcome.ok && models.activeId === model) adopt(outcome.value)
  }

  const clear = () => pushChoices(Object.fromEntries(pinnedChoices()))
  const setRules = (next: readonly PlanRule[]) => push({ rules: next })

  /** A factor of 1 is none. */
  function setMultipliers(next: Readonly<Record<string, number>>): void {
    push({ multipliers: Object.fromEntries(Object.entries(next).filter(([, factor]) => factor !== 1)) })
  }

  /** Choices that the host has evaluated already: nothing has to be asked again. */
  let judged: PlanChoices | null = null

  function take(plan: Plan, within: Budget, step: 'new' | 'same'): void {
    const found = choicesOf(plan)
    const change = { choices: found, budget: within }
    judged = found
    newest += 1
    evaluated.value = plan
    error.value = null
    pending.value = false
    setHistory(step === 'new' ? pushed(history.value, change) : amended(history.value, change))
  }

  /** Pins all of them, or frees them when all are pinned. */
  function togglePins(names: readonly string[]): void {
    if (names.length === 0) return
    const next = new Set(pins.value)
    const free = names.every((name) => next.has(name))
    for (const name of names) {
      if (free) next.delete(name)
      else next.add(name)
    }
    push({ pins: next })
  }

  const undo = () => setHistory(undone(history.value))
  const redo = () => setHistory(redone(history.value))

  let newest = 0

  /** Only the answer to the newest question counts. */
  async function evaluate(): Promise<void> {
    const model = models.activeId
    if (model === null) return
    newest += 1
    const mine = newest
    const { imatrix } = models
    const request = {
      model, choices: choices.value, damage: damage.value, ...(imatrix !== null && { imatrix }),
    } // prettier-ignore
    const outcome = await call('plans.evaluate', request)
    if (mine !== newest) return
    pending.value = false
    error.value = outcome.ok ? null : outcome.error
    if (outcome.ok) evaluated.value = outcome.value
  }

  const evaluateSoon = useDebounceFn(() => {
    if (pending.value) void evaluate()
  }, EVALUATE_AFTER_MS)

  function ask(): void {
    judged = null
    pending.value = models.activeId !== null
    void evaluateSoon()
  }

  watch(
    () => models.activeId,
    () => {
      evaluated.value = null
      error.value = null
    },
  )
  watch(choices, (next) => {
    if (next !== judged) ask()
  })
  /** An analysis that has ended may complete the errors of the plan. */
  const analysesEnded = () => jobs.all.filter((job) => job.kind === 'analysis' && hasEnded(job)).length
  const judgement = () => JSON.stringify(damage.value)
  watch([() => models.activeId, () => models.imatrix, judgement, analysesEnded], ask, { immediate: true })

  return {
    choices, pins, rules, multipliers, budget, state, damage, evaluated, planned, pending, error,
    canUndo, canRedo, choiceOf, plannedOf, isPinned, setTensor, setTensors, adopt, applyPreset, clear,
    take, setRules, setMultipliers, togglePins, undo, redo, evaluate,
  } // prettier-ignore
})
