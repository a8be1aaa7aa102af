/**
 * The lines of all points of a grid for one group of weights (`grid-envelope.ts`), summed from tables of half points:
 * 81 (IQ2) or 64 (IQ3) of each half instead of every point element by element.
 */
import type { Grid } from '../grids.ts'

/** Sums and minima over all half points, by packed codes. */
class HalfTables {
  readonly slopes: Float64Array
  readonly offsets: Float64Array
  /** The least offset of one element. */
  readonly least: Float64Array

  constructor(size: number) {
    this.slopes = new Float64Array(size)
    this.offsets = new Float64Array(size)
    this.least = new Float64Array(size)
  }
}

export class GridGroups {
  readonly size: number
  readonly dimensions: 4 | 8
  /** Of all points: sum w l^2. */
  readonly slopes: Float64Array
  /** Of all points: sum 2 w |x| l. */
  readonly offsets: Float64Array
  /** The same with the cheapest sign turned round: offset - 2 min 2 w |x| l. */
  readonly turnedOffsets: Float64Array
  readonly #points: Uint16Array
  readonly #codes: Uint8Array
  readonly #levels: readonly number[]
  readonly #codeBits: number
  readonly #halfBits: number
  /** The words that the first i elements of a half can have. */
  readonly #prefixes: readonly Uint16Array[]
  readonly #low: HalfTables
  readonly #high: HalfTables

  /** @param levels decoded magnitudes of the codes, ascending */
  constructor(grid: Grid, levels: readonly number[]) {
    this.size = grid.size
    this.dimensions = grid.dimensions
    this.slopes = new Float64Array(grid.size)
    this.offsets = new Float64Array(grid.size)
    this.turnedOffsets = new Float64Array(grid.size)
    this.#points = grid.points
    this.#codes = grid.codes
    this.#levels = levels
    this.#codeBits = grid.dimensions === 8 ? 2 : 3
    this.#halfBits = (this.#codeBits * grid.dimensions) / 2
    this.#prefixes = prefixesOf(levels.length, this.#codeBits, grid.dimensions / 2)
    this.#low = new HalfTables(1 << this.#halfBits)
    this.#high = new HalfTables(1 << this.#halfBits)
  }

  /** Fills the lines for the weights from `at`, under free signs. */
  load(weights: Float32Array, errorWeights: Float64Array, at: number): void {
    this.#fillHalf(this.#low, weights, errorWeights, at)
    this.#fillHalf(this.#high, weights, errorWeights, at + this.dimensions / 2)
    const points = this.#points
    const low = this.#low
    const high = this.#high
    const shift = this.#halfBits
    const mask = (1 << shift) - 1
    for (let point = 0; point < points.length; point += 1) {
      const lowHalf = (points[point] as number) & mask
      const highHalf = (points[point] as number) >>> shift
      this.slopes[point] = (low.slopes[lowHalf] as number) + (high.slopes[highHalf] as number)
      this.offsets[point] = (low.offsets[lowHalf] as number) + (high.offsets[highHalf] as number)
    }
  }

  /** Fills `turnedOffsets` for the loaded weights. */
  turn(): void {
    const points = this.#points
    const low = this.#low.least
    const high = this.#high.least
    const shift = this.#halfBits
    const mask = (1 << shift) - 1
    for (let point = 0; point < points.length; point += 1) {
      const ofLow = low[(points[point] as number) & mask] as number
      const ofHigh = high[(points[point] as number) >>> shift] as number
      const least = ofHigh < ofLow ? ofHigh : ofLow
      this.turnedOffsets[point] = (this.offsets[point] as number) - 2 * least
    }
  }

  /** The element of a point whose sign costs least to turn round, the first of equals; weights as in `load`. */
  cheapestSign(point: number, weights: Float32Array, errorWeights: Float64Array, at: number): number {
    let least = Infinity
    let chosen = 0
    for (let i = 0; i < this.dimensions; i += 1) {
      const level = this.#levels[this.#codes[this.dimensions * point + i] as number] as number
      const cost = slopeAt0(weights[at + i] as number, errorWeights[at + i] as number) * level
      if (cost < least) {
        least = cost
        chosen = i
      }
    }
    return chosen
  }

  #fillHalf(half: HalfTables, weights: Float32Array, errorWeights: Float64Array, at: number): void {
    for (const [i, prefixes] of this.#prefixes.entries()) {
      const weight = errorWeights[at + i] as number
      const product = slopeAt0(weights[at + i] as number, weight)
      // Code 0 comes last: it takes the place of the prefix itself.
      for (let code = this.#levels.length - 1; code >= 0; code -= 1) {
        const level = this.#levels[code] as number
        const slope = weight * (level * level)
        const offset = product * level
        const bits = code << (i * this.#codeBits)
        for (let place = 0; place < prefixes.length; place += 1) {
          const prefix = prefixes[place] as number
          const word = prefix | bits
          const least = half.least[prefix] as number
          half.slopes[word] = i === 0 ? slope : (half.slopes[prefix] as number) + slope
          half.offsets[word] = i === 0 ? offset : (half.offsets[prefix] as number) + offset
          half.least[word] = i === 0 || offset < least ? offset : least
        }
      }
    }
  }
}

/** 2 w |x|. */
function slopeAt0(weight: number, errorWeight: number): number {
  return 2 * errorWeight * Math.abs(weight)
}

function prefixesOf(codes: number, codeBits: number, elements: number): Uint16Array[] {
  const lists: Uint16Array[] = [Uint16Array.of(0)]
  for (let i = 1; i < elements; i += 1) {
    const previous = Array.from(lists[i - 1] as Uint16Array)
    const words = Array.from({ length: codes }, (_, code) => code << ((i - 1) * codeBits))
    lists.push(Uint16Array.from(words.flatMap((word) => previous.map((prefix) => prefix | word))))
  }
  return lists
}
