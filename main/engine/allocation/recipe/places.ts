/** Distinct small numbers in the order in which they came; emptied without being walked. */
export class Places {
  readonly #members: Uint32Array
  /** Where in the members a number would be, if it is there. */
  readonly #positions: Uint32Array
  #count = 0

  /** @param size all numbers are below */
  constructor(size: number) {
    this.#members = new Uint32Array(size)
    this.#positions = new Uint32Array(size)
  }

  get count(): number {
    return this.#count
  }

  at(index: number): number {
    return this.#members[index] ?? 0
  }

  add(place: number): void {
    const position = this.#positions[place] ?? 0
    if (position < this.#count && this.#members[position] === place) return
    this.#members[this.#count] = place
    this.#positions[place] = this.#count
    this.#count += 1
  }

  clear(): void {
    this.#count = 0
  }
}
