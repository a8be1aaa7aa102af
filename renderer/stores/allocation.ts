import { useDebounceFn, useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type {
  AllocationFrontier,
  AllocationRequest,
  Budget,
  CacheType,
  ErrorData,
  Method,
  PresetList,
} from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { useHostValue } from '../composables/useHostValue.ts'
import { useHost } from './host.ts'
import { useModels } from './models.ts'
import { newestOnly } from './newest-only.ts'
import { useNotices } from './notices.ts'
import { usePlan } from './plan.ts'
import type { PlanState } from './plan-history.ts'
import { ruleRequest, type PlanRule } from './plan-rules.ts'
import { useSettings } from './settings.ts'
import { useTensors } from './tensors.ts'

export type BudgetWay = Budget['kind']

/** What becomes one step of history: one drag, one run of keys, one number typed. */
export interface Gesture {
  /** The step that this gesture made; null before the first answer. */
  state: PlanState | null
}

interface Question {
  readonly budget: Budget
  readonly gesture: Gesture
}

const REFRESH_AFTER_MS = 120
export const USUAL_CONTEXT = 4096

/**
 * The search for the best plan of the active model.
 *
 * - `presets` of llama.cpp, with their revision; null until `loadPresets()` was answered
 * - `target`, `pool` (formats; null: the target's usual ones) what may be chosen from
 * - `request` the whole question; null without a model
 * - `frontier`, `frontierError`, `pending`: every best plan; `watchFrontier(true)` keeps it up to date, `refresh()` asks again
 * - `way`, `context`, `cacheType` how the budget is given; `memory`, `memoryError` of the KV cache
 * - `within(budget, gesture)` searches and takes the answer; only the newest question counts. `asked` the budget under way,
 *   `solveError` why there is no plan, `solving`
 * - `again()` the same budget after a change of rules, within the same step; `changeRules`, `changeMultipliers` do so
 */
export const useAllocation = defineStore('allocation', () => {
  const host = useHost()
  const models = useModels()
  const notices = useNotices()
  const plan = usePlan()
  const settings = useSettings()
  const tensors = useTensors()

  const presets = shallowRef<PresetList | null>(null)
  const target = useLocalStorage<AllocationRequest['target']>('quantaloupe.target', 'llama.cpp')
  const pool = shallowRef<readonly string[] | null>(null)
  const frontier = shallowRef<AllocationFrontier | null>(null)
  const frontierError = shallowRef<ErrorData | null>(null)
  const pending = shallowRef(false)
  const watched = shallowRef(false)
  const way = useLocalStorage<BudgetWay>('quantaloupe.budgetWay', 'file')
  const context = useLocalStorage('quantaloupe.budgetContext', USUAL_CONTEXT)
  const cacheType = useLocalStorage<CacheType>('quantaloupe.budgetCacheType', 'F16')
  const asked = shallowRef<Budget | null>(null)
  const solving = shallowRef(false)
  const solveError = shallowRef<ErrorData | null>(null)

  /** Error feedback needs a covariance for every tensor; a search takes the usual way then. */
  const methods = computed<readonly Method[]>(() => [
    settings.method === 'gptq' ? 'reference' : settings.method,
  ])
  const rules = computed(() =>
    ruleRequest(plan.rules, tensors.all, (name) => host.formatNamed(name)?.bpw ?? 0),
  )
  /** Only what is pinned: the request stays still while the other choices move. */
  const pinned = computed(() => {
    const { pins, choices } = plan
    const names = tensors.all.filter((one) => one.quantizable && pins.has(one.name)).map((one) => one.name)
    return {
      chosen: names.flatMap((name) => (choices[name] ? [[name, choices[name]] as const] : [])),
      kept: names.filter((name) => !choices[name]),
    }
  })
  const request = computed<AllocationRequest | null>(() => {
    const { activeId: model, imatrix } = models
    if (model === null || tensors.modelId !== model || tensors.state !== 'ready') return null
    const { excluded, groups, minimums } = rules.value
    return {
      model,
      target: target.value,
      methods: methods.value,
      damage: plan.damage,
      pins: Object.fromEntries(pinned.value.chosen),
      excluded: [...new Set([...excluded, ...pinned.value.kept])],
      groups,
      minimums,
      ...(pool.value && { formats: pool.value }),
      ...(imatrix !== null && { imatrix }),
    }
  })
  const requestKey = computed(() => (watched.value ? JSON.stringify(request.value) : ''))

  let newest = 0
  async function refresh(): Promise<void> {
    const question = request.value
    newest += 1
    const mine = newest
    if (!question) return
    pending.value = true
    const outcome = await call('allocation.frontier', question)
    if (mine !== newest) return
    pending.value = false
    frontierError.value = outcome.ok ? null : outcome.error
    if (outcome.ok) frontier.value = outcome.value
  }

  async function loadPresets(): Promise<void> {
    if (presets.value) return
    const outcome = await notices.reported(call('plans.presets', null))
    if (outcome.ok) presets.value = outcome.value
  }

  const memoryAsked = useHostValue('allocation.memory', () =>
    way.value === 'memory' && models.activeId !== null
      ? { model: models.activeId, context: context.value, cacheType: cacheType.value }
      : null,
  )

  const solve = newestOnly(async ({ budget, gesture }: Question) => {
    const allocation = request.value
    const before = plan.state
    if (!allocation) return
    const outcome = await call('allocation.solve', { allocation, budget })
    const overtaken = plan.state !== before || models.activeId !== allocation.model
    if (asked.value === budget && (outcome.ok || overtaken)) asked.value = null
    if (overtaken) return
    solveError.value = outcome.ok ? null : outcome.error
    if (!outcome.ok) return
    plan.take(outcome.value, budget, gesture.state === before ? 'same' : 'new')
    gesture.state = plan.state
  })

  async function within(budget: Budget, gesture: Gesture = { state: null }): Promise<void> {
    asked.value = budget
    solving.value = true
    await solve({ budget, gesture })
    solving.value = false
  }

  async function again(): Promise<void> {
    if (plan.budget) await within(plan.budget, { state: plan.state })
  }

  async function changeRules(next: readonly PlanRule[]): Promise<void> {
    plan.setRules(next)
    await again()
  }

  async function changeMultipliers(next: Readonly<Record<string, number>>): Promise<void> {
    plan.setMultipliers(next)
    await again()
  }

  function watchFrontier(on: boolean): void {
    watched.value = on
  }

  const refreshSoon = useDebounceFn(refresh, REFRESH_AFTER_MS)
  watch(
    () => models.activeId,
    () => {
      newest += 1
      frontier.value = null
      frontierError.value = null
      asked.value = null
      solveError.value = null
      pool.value = null
    },
  )
  watch(requestKey, (key) => {
    if (key === '') return
    pending.value = request.value !== null
    void refreshSoon()
  })
  /** An error belongs to the plan and the way it was asked for. */
  watch([() => plan.state, way], () => {
    if (solving.value) return
    asked.value = null
    solveError.value = null
  })

  return {
    presets, target, pool, request, frontier, frontierError, pending, way, context, cacheType,
    memory: memoryAsked.value, memoryError: memoryAsked.error, asked, solving, solveError,
    loadPresets, refresh, watchFrontier, within, again, changeRules, changeMultipliers,
  } // prettier-ignore
})
