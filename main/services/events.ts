import { EventEmitter } from 'node:events'
import type { EventName, Events } from '../../preload/contract.ts'

/** The contract's events, typed. */
export class ServiceEvents {
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  emit<E extends EventName>(event: E, payload: Events[E]): void {
    this.#emitter.emit(event, payload)
  }

  /** Returns the function that ends the subscription. */
  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
    this.#emitter.on(event, listener)
    return () => this.#emitter.off(event, listener)
  }
}
