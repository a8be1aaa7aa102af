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
import { createBrowserBridge } from './browser-bridge.ts'

declare global {
  interface Window {
    /** Put there by the preload script in Electron; the browser page makes its own. */
    quantaloupe?: Bridge
  }
}

/** The way to the host: Electron's preload bridge, or the one for the browser host. */
export function bridge(): Bridge {
  window.quantaloupe ??= createBrowserBridge(window.location.origin)
  return window.quantaloupe
}

/** Calls the host. Never throws: a host that cannot be reached answers with `HOST_UNREACHABLE`. */
export async function call<M extends MethodName>(
  method: M,
  request: RequestOf<M>,
): Promise<Outcome<ReplyOf<M>>> {
  try {
    return await bridge().call(method, request)
  } catch (thrown) {
    return { ok: false, error: unreachable(thrown) }
  }
}

/** Subscribes to an event of the host; returns the function that ends the subscription. */
export function on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
  return bridge().on(event, listener)
}

/** Subscribes to gaps in the events: whatever was learnt from events has to be asked for again. */
export function onGap(listener: () => void): () => void {
  return bridge().onGap(listener)
}

function unreachable(thrown: unknown): ErrorData {
  return {
    code: 'HOST_UNREACHABLE',
    message: 'The part of Quantaloupe that reads the models does not answer.',
    expected: thrown instanceof Error ? thrown.message : String(thrown),
    remedy: 'Start it again, then reload this window.',
    fault: 'bug',
  }
}
