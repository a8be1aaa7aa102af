import type {
  Bridge,
  EventName,
  Events,
  MethodName,
  Outcome,
  ReplyOf,
  RequestOf,
} from '../../preload/contract.ts'
import { readOutcome } from './outcome.ts'
import { uploadFiles } from './upload.ts'

type Listener = (payload: never) => void

/** The bridge for the browser host: calls over POST, events over one EventSource, drops over PUT. */
export function createBrowserBridge(origin: string): Bridge {
  const events = createEventSource(`${origin}/api/events`)
  return {
    call: (method, request) => post(origin, method, request),
    on: (event, listener) => events.subscribe(event, listener),
    onGap: (listener) => events.subscribeToGaps(listener),
    pathOfDrop: (files, progress) => uploadFiles(origin, files, progress),
  }
}

async function post<M extends MethodName>(
  origin: string,
  method: M,
  request: RequestOf<M>,
): Promise<Outcome<ReplyOf<M>>> {
  const response = await fetch(`${origin}/api/call/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
    credentials: 'same-origin',
  })
  return readOutcome(response)
}

/**
 * One connection for all subscriptions, opened with the first and closed with the last.
 *
 * EventSource reconnects by itself, except after a refusal; then it is opened again after a pause.
 */
function createEventSource(url: string) {
  const listeners = new Map<EventName, Set<Listener>>()
  const gapListeners = new Set<() => void>()
  let source: EventSource | null = null
  let wasOpen = false

  function attach(event: EventName): void {
    source?.addEventListener(event, (message: MessageEvent<string>) => {
      const payload = JSON.parse(message.data) as never
      for (const listener of listeners.get(event) ?? []) listener(payload)
    })
  }

  function open(): void {
    source = new EventSource(url)
    source.addEventListener('error', () => {
      if (source?.readyState === EventSource.CLOSED && listeners.size > 0) setTimeout(open, 2000)
    })
    source.addEventListener('open', opened)
    for (const event of listeners.keys()) attach(event)
  }

  /** The host does not keep events for a page that was away. */
  function opened(): void {
    if (wasOpen) for (const listener of gapListeners) listener()
    wasOpen = true
  }

  function subscribe<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
    const known = listeners.get(event)
    const group = known ?? new Set<Listener>()
    group.add(listener)
    listeners.set(event, group)
    if (source === null) open()
    else if (known === undefined) attach(event)
    return () => group.delete(listener)
  }

  function subscribeToGaps(listener: () => void): () => void {
    gapListeners.add(listener)
    return () => gapListeners.delete(listener)
  }

  return { subscribe, subscribeToGaps }
}
