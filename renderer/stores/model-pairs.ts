import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { ErrorData, ModelId, TensorPair, TensorPairError } from '../../preload/contract.ts'
import { call, onGap } from '../bridge/index.ts'
import { useModels } from './models.ts'
import { pacedBatch } from './paced-batch.ts'

/** The error between the two tensors of a pair, or why it could not be computed. */
export type PairResult = TensorPairError | ErrorData
export type PairResults = ReadonlyMap<string, PairResult>

const NO_PAIRS: readonly TensorPair[] = []
/** While one is computed the next one waits at the host; more would only come before what is looked at next. */
const ASKED_AT_ONCE = 2

export function isFailure(result: PairResult): result is ErrorData {
  return 'message' in result
}

/** Whether the weights of both can be subtracted. */
export function isComparable(pair: TensorPair): boolean {
  return pair.a !== null && pair.b !== null && pair.a.shape.join() === pair.b.shape.join()
}

/**
 * Two opened models, tensor by tensor.
 *
 * - `a`, `b` the two (null: fewer than two are open), `choose(side, model)`
 * - `pairs` in A's order, then what only B has; `state`, and `error` when they could not be had
 * - `results` by name: errors as they arrive, a few times a second; kept for all models that stay open
 * - `want(names)` what is on screen, computed first and in this order; a later call takes the place of an earlier one
 * - `compareAll()` asks for all others too, `stop()` for nothing more; `comparingAll`, `left` pairs without a result
 */
export const useModelPairs = defineStore('modelPairs', () => {
  const models = useModels()
  const chosen = ref<{ readonly a: ModelId | null; readonly b: ModelId | null }>({ a: null, b: null })
  const pairs = shallowRef<readonly TensorPair[]>(NO_PAIRS)
  const state = ref<'empty' | 'loading' | 'ready' | 'failed'>('empty')
  const error = shallowRef<ErrorData | null>(null)
  const comparingAll = ref(false)
  /** Filled as answers come; `version` tells when somebody should look again. */
  const found = new Map<string, Map<string, PairResult>>()
  const version = ref(0)
  let wanted: readonly string[] = []
  let rest: readonly string[] = []
  const asked = new Set<string>()

  const isOpen = (id: ModelId | null): boolean => models.open.some((model) => model.id === id)
  /** The newer of two is usually made from the older one. */
  const b = computed(() => (isOpen(chosen.value.b) ? chosen.value.b : models.activeId))
  const a = computed(() => {
    const others = models.open.filter((model) => model.id !== b.value).map((model) => model.id)
    return others.find((id) => id === chosen.value.a) ?? others[0] ?? null
  })
  const place = computed(() => JSON.stringify([a.value, b.value]))
  const results = computed<PairResults>(() => {
    void version.value
    return new Map(found.get(place.value))
  })
  const comparable = computed(() => pairs.value.filter(isComparable).map((pair) => pair.name))
  const left = computed(() => comparable.value.filter((name) => !results.value.has(name)).length)

  function choose(side: 'a' | 'b', model: ModelId): void {
    const swapped = side === 'a' ? { a: model, b: a.value } : { a: b.value, b: model }
    const isSwap = model === (side === 'a' ? b.value : a.value)
    chosen.value = isSwap ? swapped : { a: a.value, b: b.value, [side]: model }
  }

  const isMissing = (name: string): boolean => !asked.has(name) && !found.get(place.value)?.has(name)

  /** Only the newest answer moves what is on screen, and that at most five times a second. */
  const tell = pacedBatch<null>(() => {
    version.value += 1
    comparingAll.value = rest.length > 0
  })

  async function ask(where: string, request: { a: ModelId; b: ModelId; tensor: string }): Promise<void> {
    asked.add(request.tensor)
    const outcome = await call('models.pairError', request)
    asked.delete(request.tensor)
    const table = found.get(where) ?? new Map<string, PairResult>()
    found.set(where, table.set(request.tensor, outcome.ok ? outcome.value : outcome.error))
    pump()
    tell(null)
  }

  function pump(): void {
    while (a.value !== null && b.value !== null && asked.size < ASKED_AT_ONCE) {
      const tensor = wanted.find(isMissing) ?? nextOfRest()
      if (tensor === undefined) return
      void ask(place.value, { a: a.value, b: b.value, tensor })
    }
  }

  /** Tens of thousands of names are gone through once, not once for each answer. */
  function nextOfRest(): string | undefined {
    const index = rest.findIndex(isMissing)
    const name = rest[index]
    rest = index < 0 ? [] : rest.slice(index + 1)
    return name
  }

  function want(names: readonly string[]): void {
    const can = new Set(comparable.value)
    wanted = names.filter((name) => can.has(name))
    pump()
  }

  function compareAll(): void {
    rest = comparable.value.filter(isMissing)
    comparingAll.value = rest.length > 0
    pump()
  }

  function stop(): void {
    wanted = []
    rest = []
    comparingAll.value = false
  }

  function forgetClosed(): void {
    const open = new Set(models.open.map((model) => model.id))
    for (const key of found.keys()) {
      const ids = JSON.parse(key) as ModelId[]
      if (!ids.every((id) => open.has(id))) found.delete(key)
    }
  }

  async function load(): Promise<void> {
    stop()
    forgetClosed()
    pairs.value = NO_PAIRS
    error.value = null
    const [first, second, where] = [a.value, b.value, place.value]
    state.value = first === null || second === null ? 'empty' : 'loading'
    if (first === null || second === null) return
    const outcome = await call('models.pairs', { a: first, b: second })
    if (place.value !== where) return
    state.value = outcome.ok ? 'ready' : 'failed'
    error.value = outcome.ok ? null : outcome.error
    pairs.value = outcome.ok ? outcome.value : NO_PAIRS
  }

  watch(place, () => void load(), { immediate: true })
  onGap(() => void load())

  return { a, b, pairs, state, error, results, comparingAll, left, choose, want, compareAll, stop }
})
