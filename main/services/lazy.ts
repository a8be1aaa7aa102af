/** Something that is made when it is first asked for, once; a failed attempt is made again. */
export class Lazy<T> {
  readonly #make: () => Promise<T>
  #made: Promise<T> | null = null

  constructor(make: () => Promise<T>) {
    this.#make = make
  }

  get(): Promise<T> {
    this.#made ??= this.#make().catch((error: unknown) => {
      this.#made = null
      throw error
    })
    return this.#made
  }

  /** The value if it was ever asked for; null when not, or when making it failed. */
  async ifMade(): Promise<T | null> {
    return this.#made ? this.#made.catch(() => null) : null
  }
}
