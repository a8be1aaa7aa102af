/** Runs an action at most once per interval; a call in between runs it at the interval's end. */
export class Throttle {
  readonly #action: () => void
  readonly #intervalMs: number
  #timer: NodeJS.Timeout | null = null
  #lastMs = -Infinity

  constructor(intervalMs: number, action: () => void) {
    this.#intervalMs = intervalMs
    this.#action = action
  }

  request(): void {
    if (this.#timer) return
    const wait = this.#lastMs + this.#intervalMs - performance.now()
    if (wait <= 0) this.flush()
    else this.#timer = setTimeout(() => this.flush(), wait).unref()
  }

  /** Runs the action now. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#lastMs = performance.now()
    this.#action()
  }
}
