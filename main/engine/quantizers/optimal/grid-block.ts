/** A super-block of a format with grid points, as lines: the least error of each sub-block under any scale. */
import type { Grid } from '../grids.ts'
import { isOdd } from '../sign-bits.ts'
import { Envelope } from './grid-envelope.ts'
import { GridGroups } from './grid-groups.ts'
import { Lines } from './lines.ts'

export const SUPER_BLOCK = 256
/** Weights that share a byte of signs: one point of 8 magnitudes, or two of 4. */
const EIGHT = 8
export const EIGHTS = SUPER_BLOCK / EIGHT

/** Labels of two points of 4: 9 bits each, and above them which of the two has a sign turned round (0 none, 1, 2). */
const POINT_BITS = 9
const TURNED_AT = 2 * POINT_BITS
const POINT_MASK = (1 << POINT_BITS) - 1

/** The lists of two groups of 4: as the signs are, and with the cheapest one turned round. */
const FIRST = 0
const FIRST_TURNED = 1
const SECOND = 2
const SECOND_TURNED = 3

export interface GridLayout {
  readonly grid: Grid
  /** Decoded magnitudes of the codes of the grid, ascending. */
  readonly levels: readonly number[]
  /** A weight decodes to d * unit * (1 + 2 code of its sub-block) * level; exact in f32. */
  readonly unit: number
  /** Weights that share a scale code of 4 bits. */
  readonly subBlock: 16 | 32
  /** Whether the number of minus signs of eight weights must be even. */
  readonly evenSigns: boolean
}

/** What is stored of a super-block. */
export interface GridChoice {
  /** Bits of the f16 scale. */
  half: number
  /** Of the sub-blocks: 0 ... 15. */
  readonly codes: Uint8Array
  /** Numbers of the points of all groups: u16[32], or u16[64] with groups of 4. */
  readonly points: Uint16Array
  /** Bit i of byte k: the sign of weight i of eight k, u8[32]. */
  readonly signs: Uint8Array
}

export class GridBlock {
  readonly subBlocks: number
  /** The lowest lines of all sub-blocks; those of sub-block j lie from `ends[j]` to before `ends[j + 1]`. */
  readonly lines: Lines
  readonly ends: Uint32Array
  readonly #layout: GridLayout
  readonly #groups: GridGroups
  readonly #envelope: Envelope
  readonly #eights: Lines
  readonly #eightEnds = new Uint32Array(EIGHTS + 1)
  readonly #fours: Lines
  readonly #fourEnds = new Uint32Array(5)
  readonly #pairs: Lines
  readonly #from = new Uint32Array(4)
  readonly #to = new Uint32Array(4)
  #weights: Float32Array = new Float32Array(0)
  #errorWeights: Float64Array = new Float64Array(0)

  constructor(layout: GridLayout) {
    const { grid, levels, subBlock } = layout
    // Of two groups of 4, either can have its sign turned round: two sums of two lists each.
    const most = grid.dimensions === 8 ? grid.size : 4 * grid.size
    this.#layout = layout
    this.subBlocks = SUPER_BLOCK / subBlock
    this.lines = new Lines(EIGHTS * most)
    this.ends = new Uint32Array(this.subBlocks + 1)
    this.#groups = new GridGroups(grid, levels)
    this.#envelope = new Envelope(most)
    this.#eights = new Lines(EIGHTS * most)
    this.#fours = new Lines(most)
    this.#pairs = new Lines(most)
  }

  load(weights: Float32Array, errorWeights: Float64Array): void {
    this.#weights = weights
    this.#errorWeights = errorWeights
    this.#eights.count = 0
    for (let eight = 0; eight < EIGHTS; eight += 1) {
      if (this.#groups.dimensions === 8) this.#appendPoint(eight)
      else this.#appendTwoPoints(eight)
      this.#eightEnds[eight + 1] = this.#eights.count
    }
    this.lines.count = 0
    const parts = EIGHTS / this.subBlocks
    for (let j = 0; j < this.subBlocks; j += 1) {
      for (let k = 0; k < parts; k += 1) {
        this.#from[k] = this.#eightEnds[parts * j + k] as number
        this.#to[k] = this.#eightEnds[parts * j + k + 1] as number
      }
      this.#appendSum(this.#eights, parts, 0, this.lines)
      this.ends[j + 1] = this.lines.count
    }
  }

  /** Fills points and signs under the scale and the codes of a choice. */
  readPoints(d: number, choice: GridChoice): void {
    const parts = EIGHTS / this.subBlocks
    for (let eight = 0; eight < EIGHTS; eight += 1) {
      const code = choice.codes[Math.floor(eight / parts)] as number
      const scale = d * (this.#layout.unit * (1 + 2 * code))
      const from = this.#eightEnds[eight] as number
      const place = this.#eights.lowestAt(scale, from, this.#eightEnds[eight + 1] as number)
      this.#readEight(eight, this.#eights.labels[place] as number, choice)
    }
  }

  #readEight(eight: number, label: number, { points, signs }: GridChoice): void {
    let bits = this.#signsOf(eight)
    if (this.#groups.dimensions === 8) {
      points[eight] = label
      if (this.#mustTurn(bits)) bits ^= 1 << this.#cheapestSign(label, EIGHT * eight)
    } else {
      const first = label & POINT_MASK
      const second = (label >>> POINT_BITS) & POINT_MASK
      const turned = label >>> TURNED_AT
      points[2 * eight] = first
      points[2 * eight + 1] = second
      if (turned === 1) bits ^= 1 << this.#cheapestSign(first, EIGHT * eight)
      if (turned === 2) bits ^= 16 << this.#cheapestSign(second, EIGHT * eight + 4)
    }
    signs[eight] = bits
  }

  #cheapestSign(point: number, at: number): number {
    return this.#groups.cheapestSign(point, this.#weights, this.#errorWeights, at)
  }

  #signsOf(eight: number): number {
    let bits = 0
    for (let i = 0; i < EIGHT; i += 1) if ((this.#weights[EIGHT * eight + i] as number) < 0) bits |= 1 << i
    return bits
  }

  #mustTurn(signs: number): boolean {
    return this.#layout.evenSigns && isOdd(signs)
  }

  #appendPoint(eight: number): void {
    const groups = this.#groups
    groups.load(this.#weights, this.#errorWeights, EIGHT * eight)
    const turns = this.#mustTurn(this.#signsOf(eight))
    if (turns) groups.turn()
    const offsets = turns ? groups.turnedOffsets : groups.offsets
    this.#envelope.append(groups.slopes, offsets, groups.size, this.#eights)
  }

  #appendTwoPoints(eight: number): void {
    const turns = this.#mustTurn(this.#signsOf(eight))
    this.#fours.count = 0
    this.#appendFour(EIGHT * eight, turns, 0)
    this.#appendFour(EIGHT * eight + 4, turns, 1)
    if (turns) this.#appendTurnedSum()
    else this.#appendSumOfFours(FIRST, SECOND, 0, this.#eights)
  }

  /** Appends the lines of a group of 4, and those with a sign turned round if any may be. */
  #appendFour(at: number, turns: boolean, place: number): void {
    const groups = this.#groups
    const fours = this.#fours
    groups.load(this.#weights, this.#errorWeights, at)
    this.#envelope.append(groups.slopes, groups.offsets, groups.size, fours)
    this.#fourEnds[2 * place + 1] = fours.count
    if (turns) {
      groups.turn()
      this.#envelope.append(groups.slopes, groups.turnedOffsets, groups.size, fours)
    }
    this.#fourEnds[2 * place + 2] = fours.count
  }

  /** One sign must be turned round: in the first group, or in the second. */
  #appendTurnedSum(): void {
    const pairs = this.#pairs
    const eights = this.#eights
    pairs.count = 0
    this.#appendSumOfFours(FIRST_TURNED, SECOND, 1 << TURNED_AT, pairs)
    this.#appendSumOfFours(FIRST, SECOND_TURNED, 2 << TURNED_AT, pairs)
    const start = eights.count
    this.#envelope.append(pairs.slopes, pairs.offsets, pairs.count, eights)
    for (let place = start; place < eights.count; place += 1)
      eights.labels[place] = pairs.labels[eights.labels[place] as number] as number
  }

  #appendSumOfFours(first: number, second: number, label: number, out: Lines): void {
    this.#from[0] = this.#fourEnds[first] as number
    this.#to[0] = this.#fourEnds[first + 1] as number
    this.#from[1] = this.#fourEnds[second] as number
    this.#to[1] = this.#fourEnds[second + 1] as number
    this.#appendSum(this.#fours, 2, label, out)
  }

  /** Appends the lowest sums of the lines from `#from[k]` to before `#to[k]`. Labels tell two points apart, no more. */
  #appendSum(of: Lines, lists: number, label: number, out: Lines): void {
    const at = this.#from
    for (let start = 0; ;) {
      let slope = 0
      let offset = 0
      let joined = label
      for (let k = 0; k < lists; k += 1) {
        const place = at[k] as number
        slope += of.slopes[place] as number
        offset += of.offsets[place] as number
        joined |= (of.labels[place] as number) << (POINT_BITS * k)
      }
      out.append(start, slope, offset, joined)
      const next = this.#nextToChange(of, lists)
      if (next < 0) return
      at[next] = (at[next] as number) + 1
      start = of.starts[at[next]] as number
    }
  }

  /** The list whose next line starts first, the first of equals; -1 where all have ended. */
  #nextToChange(of: Lines, lists: number): number {
    let least = Infinity
    let chosen = -1
    for (let k = 0; k < lists; k += 1) {
      const next = (this.#from[k] as number) + 1
      if (next === this.#to[k]) continue
      const start = of.starts[next] as number
      if (chosen < 0 || start < least) {
        least = start
        chosen = k
      }
    }
    return chosen
  }
}
