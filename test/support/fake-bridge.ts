import { createPinia, setActivePinia } from 'pinia'
import type {
  Bridge,
  ErrorData,
  EventName,
  Events,
  MethodName,
  Outcome,
  ReplyOf,
  RequestOf,
} from '../../preload/contract.ts'

type Answer<M extends MethodName> = (request: RequestOf<M>) => ReplyOf<M> | ErrorData | Promise<ReplyOf<M>>

/** What each method answers; the others answer with `NOT_FAKED`. An error as answer carries `fault`. */
export type Answers = { readonly [M in MethodName]?: Answer<M> }

export interface FakeBridge extends Bridge {
  readonly calls: readonly { readonly method: MethodName; readonly request: unknown }[]
  answers: Answers
  /** As if the connection had been cut for a while. */
  cut(): void
  emit<E extends EventName>(event: E, payload: Events[E]): void
}

const NOT_FAKED: ErrorData = {
  code: 'NOT_FAKED',
  message: 'This test does not answer that method',
  fault: 'bug',
}

function isError(value: unknown): value is ErrorData {
  return typeof value === 'object' && value !== null && 'fault' in value
}

/** The host as the window sees it, replaced at the boundary; put on `window` together with fresh stores. */
export function installFakeBridge(answers: Answers = {}): FakeBridge {
  const listeners = new Map<EventName, Set<(payload: never) => void>>()
  const gapListeners = new Set<() => void>()
  const calls: { method: MethodName; request: unknown }[] = []
  const fake: FakeBridge = {
    calls,
    answers,
    async call<M extends MethodName>(method: M, request: RequestOf<M>): Promise<Outcome<ReplyOf<M>>> {
      calls.push({ method, request })
      const answer = fake.answers[method]
      const value = answer ? await answer(request) : NOT_FAKED
      return isError(value) ? { ok: false, error: value } : { ok: true, value }
    },
    on(event, listener) {
      const group = listeners.get(event) ?? new Set()
      listeners.set(event, group.add(listener))
      return () => group.delete(listener)
    },
    onGap(listener) {
      gapListeners.add(listener)
      return () => gapListeners.delete(listener)
    },
    cut() {
      for (const listener of gapListeners) listener()
    },
    emit(event, payload) {
      for (const listener of listeners.get(event) ?? []) listener(payload as never)
    },
    pathOfDrop: () => Promise.resolve({ ok: false, error: NOT_FAKED }),
  }
  window.quantaloupe = fake
  localStorage.clear()
  setActivePinia(createPinia())
  return fake
}
