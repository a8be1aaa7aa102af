import { shallowRef, watch, type ShallowRef } from 'vue'
import type { ErrorData, MethodName, ReplyOf, RequestOf } from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'

export interface HostValue<T> {
  /** Null until the host answered, and while there is nothing to ask. */
  readonly value: Readonly<ShallowRef<T | null>>
  readonly error: Readonly<ShallowRef<ErrorData | null>>
  readonly loading: Readonly<ShallowRef<boolean>>
  /** Asks again. */
  readonly reload: () => void
}

/**
 * Keeps the answer to a question that depends on reactive state.
 *
 * @param request what to ask now; null asks nothing. Only the answer to the newest question counts.
 */
export function useHostValue<M extends MethodName>(
  method: M,
  request: () => RequestOf<M> | null,
): HostValue<ReplyOf<M>> {
  const value = shallowRef<ReplyOf<M> | null>(null)
  const error = shallowRef<ErrorData | null>(null)
  const loading = shallowRef(false)
  let newest = 0

  async function ask(question: RequestOf<M>): Promise<void> {
    const mine = ++newest
    loading.value = true
    const outcome = await call(method, question)
    if (mine !== newest) return
    loading.value = false
    error.value = outcome.ok ? null : outcome.error
    value.value = outcome.ok ? outcome.value : null
  }

  function reload(): void {
    const question = request()
    if (question !== null) void ask(question)
  }

  watch(
    () => JSON.stringify(request()),
    () => {
      newest += 1
      value.value = null
      error.value = null
      loading.value = false
      reload()
    },
    { immediate: true },
  )

  return { value, error, loading, reload }
}
