import { toErrorData } from '../../main/engine/errors.ts'
import type { ErrorData } from '../../main/engine/errors.ts'

/** The error that an action throws, as data; null when it does not throw. */
export function errorOf(action: () => unknown): ErrorData | null {
  try {
    action()
    return null
  } catch (thrown) {
    return toErrorData(thrown)
  }
}

/** The error that a promise is rejected with, as data; null when it is fulfilled. */
export async function rejectionOf(promise: Promise<unknown>): Promise<ErrorData | null> {
  try {
    await promise
    return null
  } catch (thrown) {
    return toErrorData(thrown)
  }
}
