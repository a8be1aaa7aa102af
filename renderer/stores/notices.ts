import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { ErrorData, Outcome } from '../../preload/contract.ts'

export interface Notice {
  readonly id: number
  readonly kind: 'error' | 'warning' | 'success'
  /** One sentence; of an error its message. */
  readonly text: string
  readonly error: ErrorData | null
}

/**
 * The one channel through which the window tells what happened.
 *
 * - `latest` the newest notice, shown by the shell
 * - `tell(text)` something worked
 * - `warn(text)` something is not as it should be, and the work goes on
 * - `fail(error)` something did not
 * - `reported(outcome)` passes an outcome through and shows its error
 */
export const useNotices = defineStore('notices', () => {
  const latest = shallowRef<Notice | null>(null)
  let count = 0

  function show(kind: Notice['kind'], text: string, error: ErrorData | null): void {
    count += 1
    latest.value = { id: count, kind, text, error }
  }

  const tell = (text: string) => show('success', text, null)
  const warn = (text: string) => show('warning', text, null)
  const fail = (error: ErrorData) => show('error', error.message, error)

  async function reported<T>(outcome: Promise<Outcome<T>> | Outcome<T>): Promise<Outcome<T>> {
    const settled = await outcome
    if (!settled.ok) fail(settled.error)
    return settled
  }

  return { latest, tell, warn, fail, reported }
})
