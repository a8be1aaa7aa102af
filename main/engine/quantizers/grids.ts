/**
 * The grids of IQ1, IQ2 and IQ3 formats: the few groups of 8 (or 4) codes that can be stored, by number.
 *
 * A group whose rounded codes are no grid point is moved to the best of its neighbours. Which those are, and their
 * order, is ggml's choice: all points of the `rings` smallest distances, by distance and then by number.
 *
 * @see ggml-quants.c: iq2xs_init_impl, iq3xs_init_impl
 */
import {
  IQ1_POINTS,
  IQ2_S_POINTS,
  IQ2_XS_POINTS,
  IQ2_XXS_POINTS,
  IQ3_S_POINTS,
  IQ3_XXS_POINTS,
} from './codebooks.ts'

export interface Grid {
  /** Number of points. */
  readonly size: number
  readonly dimensions: 4 | 8
  /** Codes of all points, u8[size * dimensions]: 0 ... 2 with 8 dimensions, 0 ... 7 with 4. */
  readonly codes: Uint8Array
  /** The same, packed as `indexOf` takes them: u16[size]. */
  readonly points: Uint16Array
  /** Number of the point with these codes, or -1: code i at bit 2 i with 8 dimensions, 3 i with 4. */
  indexOf(packed: number): number
  /** Numbers of the neighbours of codes that are no point, in ggml's order; made at first use and kept. */
  neighbours(packed: number): Uint16Array
}

/** Largest squared distance between codes: 4 * 7 * 7. */
const MAX_DISTANCE = 196

class LazyGrid implements Grid {
  readonly size: number
  readonly dimensions: 4 | 8
  readonly points: Uint16Array
  readonly #rings: number
  readonly #lists: (Uint16Array | undefined)[] = []
  #codes: Uint8Array | undefined
  #indices: Int16Array | undefined

  constructor(points: Uint16Array, dimensions: 4 | 8, rings: number) {
    this.size = points.length
    this.dimensions = dimensions
    this.points = points
    this.#rings = rings
  }

  get codes(): Uint8Array {
    this.#codes ??= Uint8Array.from({ length: this.size * this.dimensions }, (_, i) =>
      this.#code(this.points[Math.floor(i / this.dimensions)] as number, i % this.dimensions),
    )
    return this.#codes
  }

  indexOf(packed: number): number {
    this.#indices ??= this.#numberPoints()
    return this.#indices[packed] as number
  }

  neighbours(packed: number): Uint16Array {
    return (this.#lists[packed] ??= this.#findNeighbours(packed))
  }

  #code(packed: number, i: number): number {
    return this.dimensions === 8 ? (packed >>> (2 * i)) & 3 : (packed >>> (3 * i)) & 7
  }

  #numberPoints(): Int16Array {
    const indices = new Int16Array(this.dimensions === 8 ? 1 << 16 : 1 << 12).fill(-1)
    this.points.forEach((point, index) => (indices[point] = index))
    return indices
  }

  /** A counting sort: one pass for the distances, one per ring. */
  #findNeighbours(packed: number): Uint16Array {
    const distances = this.#distances(packed)
    const counts = new Uint16Array(MAX_DISTANCE + 1)
    for (const distance of distances) counts[distance] = (counts[distance] as number) + 1
    const list: number[] = []
    for (let distance = 0, rings = 0; rings < this.#rings && distance <= MAX_DISTANCE; distance += 1) {
      if (counts[distance] === 0) continue
      rings += 1
      for (let index = 0; index < this.size; index += 1) if (distances[index] === distance) list.push(index)
    }
    return Uint16Array.from(list)
  }

  /** Squared distances of all points to the given codes, as the sum of those of the two halves. */
  #distances(packed: number): Uint8Array {
    const bits = this.dimensions === 8 ? 8 : 6
    const mask = (1 << bits) - 1
    const low = this.#halfDistances(packed & mask, 1 << bits)
    const high = this.#halfDistances(packed >>> bits, 1 << bits)
    const distances = new Uint8Array(this.size)
    for (let index = 0; index < this.size; index += 1) {
      const point = this.points[index] as number
      distances[index] = (low[point & mask] as number) + (high[point >>> bits] as number)
    }
    return distances
  }

  /** Squared distances of all half points to one. */
  #halfDistances(half: number, count: number): Uint8Array {
    const distances = new Uint8Array(count)
    for (let other = 0; other < count; other += 1) {
      let distance = 0
      for (let i = 0; i < this.dimensions / 2; i += 1) {
        const difference = this.#code(half, i) - this.#code(other, i)
        distance += difference * difference
      }
      distances[other] = distance
    }
    return distances
  }
}

export const IQ2_XXS_GRID: Grid = new LazyGrid(IQ2_XXS_POINTS, 8, 2)
export const IQ2_XS_GRID: Grid = new LazyGrid(IQ2_XS_POINTS, 8, 2)
export const IQ2_S_GRID: Grid = new LazyGrid(IQ2_S_POINTS, 8, 1)
export const IQ1_GRID: Grid = new LazyGrid(IQ1_POINTS, 8, 3)
export const IQ3_XXS_GRID: Grid = new LazyGrid(IQ3_XXS_POINTS, 4, 2)
export const IQ3_S_GRID: Grid = new LazyGrid(IQ3_S_POINTS, 4, 3)
