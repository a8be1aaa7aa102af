/**
 * The f16 scale of a super-block with grid points.
 *
 * For a scale d every sub-block takes the best of its 16 codes, each with the nearest points under d and that code: the
 * lines of `grid-block.ts` give the error of a code in one look-up. That makes the error a function of d alone.
 *
 * Two facts bound the search. A negative d gives nothing new: turning round all signs leaves their number even. And
 * where the error of a sub-block falls up to some scale and rises from another one on, the codes that matter are those
 * between, the last one below and the first one above.
 */
import { floatToHalf, halfToFloat } from '../../tensor/half.ts'
import type { GridBlock, GridChoice } from './grid-block.ts'
import type { Lines } from './lines.ts'
import { LARGEST_HALF_BITS } from './half-near.ts'

const CODES = 16
const LARGEST_FACTOR = 2 * CODES - 1
/** Margin that covers the rounding of sums where a scale is given up early. */
const ROUNDING = 2 ** -40

/** Numerators of the scales that are tried first: the largest sub-block scale divided by unit * numerator. */
const NUMERATORS = startNumerators(32)
/** How many of them are refined. */
const REFINED = 4

export class GridScale {
  readonly #unit: number
  readonly #block: GridBlock
  /** Of each sub-block: its error falls up to the first scale, and rises from the last one on. */
  readonly #firstMinima: Float64Array
  readonly #lastMinima: Float64Array
  /** The scale under which its error is least. */
  readonly #bestScales: Float64Array
  /** The least errors, less the sums of squares, of a sub-block and of all behind it. */
  readonly #leastOfRest: Float64Array
  /** What the last evaluation chose, and its sums for the scale that fits best: products / (2 squares). */
  readonly #codes: Uint8Array
  #products = 0
  #squares = 0
  #error = 0
  readonly #bestCodes: Uint8Array
  #bestHalf = 0
  #bestError = 0
  readonly #starts = new Uint16Array(NUMERATORS.length)
  readonly #startErrors = new Float64Array(NUMERATORS.length)

  constructor(block: GridBlock, unit: number) {
    this.#unit = unit
    this.#block = block
    this.#firstMinima = new Float64Array(block.subBlocks)
    this.#lastMinima = new Float64Array(block.subBlocks)
    this.#bestScales = new Float64Array(block.subBlocks)
    this.#leastOfRest = new Float64Array(block.subBlocks + 1)
    this.#codes = new Uint8Array(block.subBlocks)
    this.#bestCodes = new Uint8Array(block.subBlocks)
  }

  /** Searches the scale of the loaded block from several starts, `half` (bits of an f16) among them. */
  search(half: number, choice: GridChoice): void {
    this.#start()
    this.#refineSeveral(half)
    this.#take(choice)
  }

  /** The same, and then goes through all scales that can be better. */
  exhaust(half: number, choice: GridChoice): void {
    this.#start()
    this.#refineSeveral(half)
    this.#tryAll()
    this.#take(choice)
  }

  #refineSeveral(half: number): void {
    if (half <= LARGEST_HALF_BITS) this.#refine(half)
    let largest = 0
    for (const scale of this.#bestScales) if (scale > largest) largest = scale
    for (const [i, numerator] of NUMERATORS.entries()) {
      this.#starts[i] = halfBelow(largest / (this.#unit * numerator))
      this.#startErrors[i] = this.#evaluate(this.#starts[i], Infinity)
    }
    for (let count = 0; count < REFINED; count += 1) {
      const next = placeOfLeast(this.#startErrors)
      this.#startErrors[next] = Infinity
      this.#refine(this.#starts[next] as number)
    }
  }

  #tryAll(): void {
    let least = Infinity
    let largest = 0
    for (let j = 0; j < this.#firstMinima.length; j += 1) {
      if ((this.#firstMinima[j] as number) < least) least = this.#firstMinima[j] as number
      if ((this.#lastMinima[j] as number) > largest) largest = this.#lastMinima[j] as number
    }
    const first = halfBelow(least / (this.#unit * LARGEST_FACTOR))
    const last = Math.min(halfBelow(largest / this.#unit) + 1, LARGEST_HALF_BITS)
    for (let half = first; half <= last; half += 1)
      if (this.#evaluate(half, this.#bestError) < this.#bestError) this.#keep(half)
  }

  #start(): void {
    const { subBlocks, lines, ends } = this.#block
    this.#bestError = Infinity
    this.#bestHalf = 0
    this.#bestCodes.fill(0)
    this.#leastOfRest[subBlocks] = 0
    for (let j = subBlocks - 1; j >= 0; j -= 1) {
      const error = this.#measure(j, lines, ends[j] as number, ends[j + 1] as number)
      this.#leastOfRest[j] = (this.#leastOfRest[j + 1] as number) + error
    }
  }

  /** Finds the minima of the error of a sub-block, each within a line's own part; returns the least. */
  #measure(j: number, lines: Lines, from: number, to: number): number {
    let first = -1
    let last = 0
    let best = 0
    let least = 0
    for (let place = from; place < to; place += 1) {
      const offset = lines.offsets[place] as number
      const scale = offset / (2 * (lines.slopes[place] as number))
      const end = place + 1 < to ? (lines.starts[place + 1] as number) : Infinity
      if (!(scale >= (lines.starts[place] as number) && scale <= end)) continue
      if (first < 0) first = scale
      last = scale
      const error = -0.5 * offset * scale
      if (error < least) {
        least = error
        best = scale
      }
    }
    // No minimum: nothing counts in this sub-block.
    this.#firstMinima[j] = first < 0 ? Infinity : first
    this.#lastMinima[j] = last
    this.#bestScales[j] = best
    return least
  }

  /** Chooses codes for a scale; returns the error less the sum of squares, or infinity from `limit` on. */
  #evaluate(half: number, limit: number): number {
    const d = halfToFloat(half) * this.#unit
    const givenUp = limit + ROUNDING * Math.abs(limit)
    this.#products = 0
    this.#squares = 0
    this.#error = 0
    for (let j = 0; j < this.#codes.length; j += 1) {
      if (this.#error + (this.#leastOfRest[j] as number) > givenUp) return Infinity
      this.#chooseCode(j, d)
    }
    return this.#error
  }

  #chooseCode(j: number, d: number): void {
    const { starts, slopes, offsets } = this.#block.lines
    const end = this.#block.ends[j + 1] as number
    const first = this.#firstMinima[j] as number
    const last = this.#lastMinima[j] as number
    let factor = 1
    while (factor < LARGEST_FACTOR && d * (factor + 2) <= first) factor += 2
    let place = this.#block.lines.lowestAt(d * factor, this.#block.ends[j] as number, end)
    let least = Infinity
    let chosenFactor = factor
    let chosenPlace = place
    for (;;) {
      const scale = d * factor
      while (place + 1 < end && (starts[place + 1] as number) <= scale) place += 1
      const error = scale * ((slopes[place] as number) * scale - (offsets[place] as number))
      if (error < least) {
        least = error
        chosenFactor = factor
        chosenPlace = place
      }
      if (!(scale < last) || factor === LARGEST_FACTOR) break
      factor += 2
    }
    this.#codes[j] = (chosenFactor - 1) / 2
    this.#error += least
    this.#products += chosenFactor * (offsets[chosenPlace] as number)
    this.#squares += chosenFactor * chosenFactor * (slopes[chosenPlace] as number)
  }

  /** From a scale to the best one for its codes and points, and so on, as long as the error falls. */
  #refine(start: number): void {
    let least = this.#evaluate(start, Infinity)
    for (let half = start; ;) {
      if (least < this.#bestError) this.#keep(half)
      const below = halfBelow(this.#products / (2 * this.#squares) / this.#unit)
      const above = Math.min(below + 1, LARGEST_HALF_BITS)
      const errorAbove = this.#evaluate(above, Infinity)
      const errorBelow = this.#evaluate(below, Infinity)
      const error = errorAbove < errorBelow ? errorAbove : errorBelow
      if (!(error < least)) return
      half = errorAbove < errorBelow ? above : below
      least = error
      // Codes and sums are those of the last evaluation.
      if (half === above) this.#evaluate(above, Infinity)
    }
  }

  #keep(half: number): void {
    this.#bestHalf = half
    this.#bestError = this.#error
    this.#bestCodes.set(this.#codes)
  }

  #take(choice: GridChoice): void {
    choice.half = this.#bestHalf
    choice.codes.set(this.#bestCodes)
    this.#block.readPoints(halfToFloat(this.#bestHalf), choice)
  }
}

/** Bits of the largest finite f16 that is not above a value; 0 for what is no positive number. */
function halfBelow(value: number): number {
  if (!(value > 0)) return 0
  const half = Math.min(floatToHalf(value), LARGEST_HALF_BITS)
  return halfToFloat(half) > value ? half - 1 : half
}

/** The first of equals; 0 where no value is below infinity. */
function placeOfLeast(values: Float64Array): number {
  let place = 0
  for (let i = 1; i < values.length; i += 1) if ((values[i] as number) < (values[place] as number)) place = i
  return place
}

/** From 36, where the largest sub-block is cut a little, to 16. Multiplied step by step, as in the native twin. */
function startNumerators(count: number): Float64Array {
  const numerators = new Float64Array(count)
  for (let i = 0; i < count; i += 1) numerators[i] = i === 0 ? 36 : (numerators[i - 1] as number) * 0.975
  return numerators
}
