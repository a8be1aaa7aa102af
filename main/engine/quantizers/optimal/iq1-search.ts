/**
 * The best scale, scale codes, shifts and grid points of a block of IQ1_S or IQ1_M, among all that there are.
 *
 * Per group and shift the lines of the points that are nearest under some scale (`iq1-points.ts`); of them the lowest
 * lines of sub-blocks under a scale of their own, then, with all eight multiples of d, under d; then of the block.
 * Every line of the block is tried with the f16 next to its best d. Nothing is left out (`line-envelope.ts`), so no
 * other choice has a smaller error but for the rounding of sums in double precision.
 *
 * Negative d are tried too, as positive ones for mirrored weights: 717 points of the grid have no mirror image in it,
 * so that the levels under -d are others.
 */
import { floatToHalf, halfToFloat } from '../../tensor/half.ts'
import { DOWN, GROUP, UP } from '../iq1-groups.ts'
import { once } from '../once.ts'
import type { BlockSearch, SearchedBlock } from './block-search.ts'
import { LARGEST_HALF_BITS } from './half-near.ts'
import { GROUP_LINES, PointSearch } from './iq1-points.ts'
import { EnvelopeSum, LineEnvelope } from './line-envelope.ts'
import { uniteMultiples } from './scale-multiples.ts'

const GROUPS = 32
/** Of d, by scale code. */
const MULTIPLES = [1, 3, 5, 7, 9, 11, 13, 15]
const NEGATIVE = 0x8000
const LEVELS = [UP, DOWN] as const

/** What is stored of a block. */
export interface Iq1Block {
  /** f16 bits of d. */
  scale: number
  /** Sub-block j has the scale d * (2 * code + 1). */
  readonly scaleCodes: Uint8Array
  /** Numbers of the grid points of the groups: u16[32]. */
  readonly points: Uint16Array
  /** 1 for groups that are shifted downwards: u8[32]. */
  readonly downwards: Uint8Array
}

interface Iq1Layout {
  /** Groups of 8 that share a scale: 2 or 4. */
  readonly subBlockGroups: number
  /** Groups that share a shift: 1, or a whole sub-block. */
  readonly shiftGroups: number
  /** Writes all bytes of a block. */
  write(block: Iq1Block, out: Uint8Array): void
}

/** The search of a format; its memory is taken at the first use. */
export function iq1Search(layout: Iq1Layout): BlockSearch {
  const searchOf = once(() => new Iq1Search(layout))
  return (block, out) => searchOf().search(block, out)
}

class Iq1Search {
  readonly #layout: Iq1Layout
  readonly #points = new PointSearch()
  /** Lines of the groups that share a shift, for each of both. */
  readonly #groups: readonly (readonly LineEnvelope[])[]
  readonly #groupSums: readonly EnvelopeSum[]
  readonly #shifted: readonly LineEnvelope[]
  /** Lines of the parts of a sub-block that have a shift each, and of sub-blocks under a scale of their own. */
  readonly #parts: EnvelopeSum
  readonly #subBlock: LineEnvelope
  /** Lines of sub-blocks under d, labelled by their scale codes. */
  readonly #scaled: readonly LineEnvelope[]
  readonly #tail: LineEnvelope
  readonly #mirrored = new Float32Array(GROUPS * GROUP)
  /** What is searched at the moment: the weights of the block or these mirrored. */
  #weights: Float32Array = this.#mirrored
  #errorWeights: Float64Array = new Float64Array(0)
  #leastError = Infinity
  readonly #chosen: Iq1Block

  constructor(layout: Iq1Layout) {
    const { shiftGroups, subBlockGroups } = layout
    const subBlocks = GROUPS / subBlockGroups
    const lists = (count: number, lines: number) =>
      Array.from({ length: count }, () => new LineEnvelope(lines))
    const subBlockLines = 2 * subBlockGroups * GROUP_LINES
    this.#layout = layout
    this.#groups = LEVELS.map(() => lists(shiftGroups, GROUP_LINES))
    this.#groupSums = this.#groups.map((groups) => new EnvelopeSum(groups))
    this.#shifted = lists(2, shiftGroups * GROUP_LINES)
    this.#parts = new EnvelopeSum(lists(subBlockGroups / shiftGroups, 2 * shiftGroups * GROUP_LINES))
    this.#subBlock = new LineEnvelope(subBlockLines)
    this.#scaled = lists(subBlocks, MULTIPLES.length * subBlockLines)
    this.#tail = new LineEnvelope(MULTIPLES.length * subBlockLines)
    this.#chosen = {
      scale: 0,
      scaleCodes: new Uint8Array(subBlocks),
      points: new Uint16Array(GROUPS),
      downwards: new Uint8Array(GROUPS),
    }
  }

  search({ weights, errorWeights }: SearchedBlock, out: Uint8Array): void {
    this.#errorWeights = errorWeights
    for (let i = 0; i < weights.length; i += 1) this.#mirrored[i] = -(weights[i] as number)
    this.#leastError = Infinity
    this.#chosen.scale = 0
    this.#chosen.scaleCodes.fill(0)
    this.#chooseScales(weights, 0)
    this.#chooseScales(this.#mirrored, NEGATIVE)
    this.#weights = this.#chosen.scale & NEGATIVE ? this.#mirrored : weights
    for (let group = 0; group < GROUPS; group += this.#layout.shiftGroups) this.#choosePoints(group)
    this.#layout.write(this.#chosen, out)
  }

  #findSubBlockLines(j: number): void {
    const { shiftGroups, subBlockGroups } = this.#layout
    for (const [p, part] of this.#parts.parts.entries()) {
      this.#findPartLines(j * subBlockGroups + p * shiftGroups, part)
    }
    this.#subBlock.sum(this.#parts)
    uniteMultiples(this.#subBlock, MULTIPLES, this.#scaled[j] as LineEnvelope, this.#tail)
  }

  /** Lines of the groups that share a shift, from group `first` on, whatever the shift. */
  #findPartLines(first: number, out: LineEnvelope): void {
    for (const [direction, levels] of LEVELS.entries()) {
      for (const [g, envelope] of (this.#groups[direction] as readonly LineEnvelope[]).entries()) {
        this.#points.load(this.#weights, this.#errorWeights, GROUP * (first + g), levels)
        this.#points.envelope(envelope)
      }
      ;(this.#shifted[direction] as LineEnvelope).sum(this.#groupSums[direction] as EnvelopeSum)
    }
    const [up, down] = this.#shifted
    out.clear()
    for (const lines of [up as LineEnvelope, down as LineEnvelope]) {
      out.merge(lines, 0, lines.count, 1, 0, this.#tail)
    }
  }

  /** Goes through the lines of the block: d and the scale codes, if they have the least error so far. */
  #chooseScales(weights: Float32Array, sign: number): void {
    this.#weights = weights
    for (let j = 0; j < this.#scaled.length; j += 1) this.#findSubBlockLines(j)
    const lines = new EnvelopeSum(this.#scaled)
    for (lines.begin(); ; lines.advance()) {
      const slope = lines.slope()
      const offset = lines.offset()
      const half = nearestFinite(offset / (2 * slope))
      const d = halfToFloat(half)
      const error = d * (d * slope - offset)
      if (error < this.#leastError) {
        this.#leastError = error
        this.#chosen.scale = sign | half
        for (let j = 0; j < this.#scaled.length; j += 1) {
          this.#chosen.scaleCodes[j] = (this.#scaled[j] as LineEnvelope).labels[
            lines.places[j] as number
          ] as number
        }
      }
      if (lines.atEnd()) return
    }
  }

  /** Shift and points of the groups that share a shift, from group `first` on; upwards where it makes no difference. */
  #choosePoints(first: number): void {
    const { shiftGroups, subBlockGroups } = this.#layout
    const { scale, scaleCodes, points, downwards } = this.#chosen
    const code = scaleCodes[Math.floor(first / subBlockGroups)] as number
    const groupScale = halfToFloat(scale & ~NEGATIVE) * (MULTIPLES[code] as number)
    let least = Infinity
    for (const [direction, levels] of LEVELS.entries()) {
      let sum = 0
      const found = new Uint16Array(shiftGroups)
      for (let g = 0; g < shiftGroups; g += 1) {
        this.#points.load(this.#weights, this.#errorWeights, GROUP * (first + g), levels)
        found[g] = this.#points.nearest(groupScale)
        sum += this.#points.lowest
      }
      // Sums that are no numbers leave the first.
      if (direction > 0 && !(sum < least)) continue
      least = sum
      points.set(found, first)
      downwards.fill(direction, first, first + shiftGroups)
    }
  }
}

/** The finite f16 next to a scale; 0 for what is not above it. */
function nearestFinite(scale: number): number {
  return Math.min(LARGEST_HALF_BITS, floatToHalf(scale > 0 ? scale : 0))
}
