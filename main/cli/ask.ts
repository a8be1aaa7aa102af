import { fromErrorData } from '../engine/errors.ts'
import type { Services } from '../services/index.ts'
import type { MethodName, ReplyOf, RequestOf } from '../../preload/contract.ts'

/** Calls a method of the contract, as a window would; failures are thrown. */
export async function ask<M extends MethodName>(
  services: Services,
  method: M,
  request: RequestOf<M>,
): Promise<ReplyOf<M>> {
  const outcome = await services.call(method, request)
  if (!outcome.ok) throw fromErrorData(outcome.error)
  return outcome.value as ReplyOf<M>
}
