/**
 * Partial solutions after some groups are decided, in order of their bytes; each has less damage than those before it.
 *
 * Bytes and damage are differences from the base; `parent` (in the layer before) and `option` tell how a state was made.
 * Layers are written anew and again without new arrays.
 */
export class Layer {
  bytes = new Float64Array(0)
  damage = new Float64Array(0)
  parent = new Int32Array(0)
  option = new Int32Array(0)
  count = 0

  /** Empties the layer and makes room. */
  clear(capacity: number): void {
    this.count = 0
    if (this.bytes.length >= capacity) return
    this.bytes = new Float64Array(capacity * 2)
    this.damage = new Float64Array(capacity * 2)
    this.parent = new Int32Array(capacity * 2)
    this.option = new Int32Array(capacity * 2)
  }

  /** Appends a state; the room must be there. */
  push(bytes: number, damage: number, parent: number, option: number): void {
    const at = this.count++
    this.bytes[at] = bytes
    this.damage[at] = damage
    this.parent[at] = parent
    this.option[at] = option
  }

  /** Becomes the states of two layers without the dominated ones. */
  merge(a: Layer, b: Layer): void {
    this.clear(a.count + b.count)
    let [left, right] = [0, 0]
    while (left < a.count || right < b.count) {
      if (right === b.count || (left < a.count && a.#precedes(left, b, right))) this.#append(a, left++)
      else this.#append(b, right++)
    }
  }

  /** Keeps the states whose bound is below a limit, and some of those at the limit. */
  keep(bounds: Float64Array, limit: number, atLimit: number): void {
    const { count } = this
    let left = atLimit
    this.count = 0
    for (let at = 0; at < count; at++) {
      const bound = bounds[at] ?? 0
      if (bound < limit || (bound === limit && left-- > 0)) this.#copy(this, at)
    }
  }

  #precedes(at: number, other: Layer, otherAt: number): boolean {
    const [bytes, otherBytes] = [this.bytes[at] ?? 0, other.bytes[otherAt] ?? 0]
    if (bytes !== otherBytes) return bytes < otherBytes
    return (this.damage[at] ?? 0) <= (other.damage[otherAt] ?? 0)
  }

  #append(from: Layer, at: number): void {
    if (this.count > 0 && (this.damage[this.count - 1] ?? 0) <= (from.damage[at] ?? 0)) return
    this.#copy(from, at)
  }

  #copy(from: Layer, at: number): void {
    this.push(from.bytes[at] ?? 0, from.damage[at] ?? 0, from.parent[at] ?? 0, from.option[at] ?? 0)
  }
}
