/** The values that were asked for last, by key; the least recently used one is dropped first. */
export class Recent<T> {
  readonly #most: number
  /** Least recently used first. */
  readonly #values = new Map<string, T>()

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): T | undefined {
    const value = this.#values.get(key)
    if (value !== undefined) this.set(key, value)
    return value
  }

  set(key: string, value: T): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    const [oldest] = this.#values.keys()
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest)
  }

  keepWhere(isKept: (value: T) => boolean): void {
    for (const [key, value] of this.#values) if (!isKept(value)) this.#values.delete(key)
  }
}
