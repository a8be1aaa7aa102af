/** Row loops of Q4_0, Q5_0 (symmetric) and Q4_1, Q5_1 (affine): without importance by extremes, with it by search. */
import { floatToHalf } from '../tensor/half.ts'
import { writeHalfWord } from './half-words.ts'
import { LEGACY_BLOCK } from './legacy-codes.ts'
import { type AffineSearch, searchAffine } from './affine-search.ts'
import { searchSymmetric } from './symmetric-search.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'

const { fround, abs } = Math
const FLT_MAX = 3.4028234663852886e38

interface SymmetricLayout {
  /** Codes are 0 ... 2 maximum - 1 for -maximum ... maximum - 1. */
  readonly maximum: number
  readonly blockBytes: number
  readonly pack: (codes: Uint8Array, out: Uint8Array, to: number) => void
}

interface AffineLayout {
  /** Codes are 0 ... maximum. */
  readonly maximum: number
  readonly blockBytes: number
  readonly search: AffineSearch
  readonly pack: (codes: Uint8Array, out: Uint8Array, to: number) => void
}

const codes = new Uint8Array(LEGACY_BLOCK)
const errorWeights = new Float32Array(LEGACY_BLOCK)
const offset = new Float32Array(1)

/** With importance, the whole row must be given: its mean square enters the weights of every block. */
export function quantizeSymmetricBlocks(
  x: Float32Array,
  importance: Float32Array | null,
  out: Uint8Array,
  layout: SymmetricLayout,
): void {
  const variance = importance === null ? 0 : fround(sumOfSquares(x, 0, x.length) / x.length)
  for (let at = 0, to = 0; at < x.length; at += LEGACY_BLOCK, to += layout.blockBytes) {
    let scale: number
    if (importance === null) {
      scale = scaleByExtreme(x, at, layout.maximum)
    } else {
      importanceWeights(x, at, LEGACY_BLOCK, importance, variance, errorWeights)
      scale = searchSymmetric(x, at, LEGACY_BLOCK, layout.maximum, errorWeights, 0, codes, 0)
    }
    writeHalfWord(floatToHalf(scale), out, to)
    layout.pack(codes, out, to)
  }
}

/** The weight of largest magnitude becomes code 0: the negative end has one code more. */
function scaleByExtreme(x: Float32Array, at: number, maximum: number): number {
  let magnitude = 0
  let extreme = 0
  for (let i = at; i < at + LEGACY_BLOCK; i += 1) {
    const value = x[i] as number
    if (magnitude < abs(value)) {
      magnitude = abs(value)
      extreme = value
    }
  }
  const scale = fround(extreme / -maximum)
  const inverse = scale === 0 ? 0 : fround(1 / scale)
  const shift = maximum + 0.5
  const highest = 2 * maximum - 1
  for (let i = 0; i < LEGACY_BLOCK; i += 1) {
    const code = fround(fround((x[at + i] as number) * inverse) + shift) | 0
    codes[i] = code > highest ? highest : code
  }
  return scale
}

/** With importance, the whole row must be given: its mean square enters the weights of every block. */
export function quantizeAffineBlocks(
  x: Float32Array,
  importance: Float32Array | null,
  out: Uint8Array,
  layout: AffineLayout,
): void {
  const variance = importance === null ? 0 : fround(sumOfSquares(x, 0, x.length) / x.length)
  for (let at = 0, to = 0; at < x.length; at += LEGACY_BLOCK, to += layout.blockBytes) {
    let scale: number
    let minimum: number
    if (importance === null) {
      scale = scaleByRange(x, at, layout.maximum)
      minimum = lowest
    } else {
      importanceWeights(x, at, LEGACY_BLOCK, importance, variance, errorWeights)
      scale = searchAffine(x, at, LEGACY_BLOCK, layout.search, errorWeights, codes, 0, offset, 0)
      minimum = -(offset[0] as number)
    }
    writeHalfWord(floatToHalf(scale), out, to)
    writeHalfWord(floatToHalf(minimum), out, to + 2)
    layout.pack(codes, out, to)
  }
}

/** The smallest weight of the last block given to {@link scaleByRange}. */
let lowest = 0

function scaleByRange(x: Float32Array, at: number, maximum: number): number {
  let low = FLT_MAX
  let high = -FLT_MAX
  for (let i = at; i < at + LEGACY_BLOCK; i += 1) {
    const value = x[i] as number
    if (value < low) low = value
    if (value > high) high = value
  }
  const scale = fround(fround(high - low) / maximum)
  const inverse = scale === 0 ? 0 : fround(1 / scale)
  for (let i = 0; i < LEGACY_BLOCK; i += 1) {
    const code = fround(fround(fround((x[at + i] as number) - low) * inverse) + 0.5) | 0
    codes[i] = code > maximum ? maximum : code
  }
  lowest = low
  return scale
}
