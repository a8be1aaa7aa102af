/**
 * What Q4_K and Q5_K share: a super-block of 8 x 32 weights, weight = (d * scale) * code - (dmin * minimum),
 * with f16 d and dmin and 6-bit scale and minimum per sub-block.
 *
 * @see ggml-quants.c: quantize_row_q4_K_ref, quantize_row_q4_K_impl and the same of q5_K
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import { packScales, readMinimum, readScale } from './k-scales.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { nearestInt } from './rounding.ts'
import { type AffineSearch, searchAffine } from './affine-search.ts'
import { searchNonNegative } from './non-negative-search.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'

const { fround, abs, sqrt } = Math

export const SUPER_BLOCK = 256
const SUB_BLOCK = 32
const SUB_BLOCKS = 8
const MAX_SCALE = 63
/** Offset of the packed scales, behind d and dmin. */
const SCALES = 4

export interface AffineLayout {
  readonly blockBytes: number
  readonly plainSearch: AffineSearch
  readonly weightedSearch: AffineSearch
  /** With importance, a scale code that wrapped around (of a negative scale) becomes 63; ggml does so for Q5_K only. */
  readonly limitsScaleCodes: boolean
  readonly pack: (codes: Uint8Array, out: Uint8Array, to: number) => void
}

const codes = new Uint8Array(SUPER_BLOCK)
const errorWeights = new Float32Array(SUB_BLOCK)
const scales = new Float32Array(SUB_BLOCKS)
const minima = new Float32Array(SUB_BLOCKS)
const weightSums = new Float32Array(SUB_BLOCKS)
const scaleCodes = new Uint8Array(SUB_BLOCKS)
const minimumCodes = new Uint8Array(SUB_BLOCKS)

export function quantizeSuperBlocks(
  x: Float32Array,
  importance: Float32Array | null,
  out: Uint8Array,
  layout: AffineLayout,
): void {
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += layout.blockBytes) {
    if (importance === null) chooseScales(x, at, layout.plainSearch, out, to)
    else chooseWeightedScales(x, at, importance, layout, out, to)
    packScales(scaleCodes, minimumCodes, out, to + SCALES)
    encodeWithStoredScales(x, at, layout.plainSearch.maximum, out, to)
    layout.pack(codes, out, to)
  }
}

/** Without importance: each sub-block by itself, the largest scale and minimum take the highest 6-bit code. */
function chooseScales(x: Float32Array, at: number, search: AffineSearch, out: Uint8Array, to: number): void {
  let largestScale = 0
  let largestMinimum = 0
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const start = at + SUB_BLOCK * j
    const average = fround(sqrt(fround(sumOfSquares(x, start, SUB_BLOCK) / SUB_BLOCK)))
    for (let i = 0; i < SUB_BLOCK; i += 1) errorWeights[i] = average + abs(x[start + i] as number)
    const scale = searchAffine(x, start, SUB_BLOCK, search, errorWeights, codes, SUB_BLOCK * j, minima, j)
    const minimum = minima[j] as number
    scales[j] = scale
    if (scale > largestScale) largestScale = scale
    if (minimum > largestMinimum) largestMinimum = minimum
  }
  quantizeScales(scales, largestScale, scaleCodes)
  quantizeScales(minima, largestMinimum, minimumCodes)
  writeHalfWord(floatToHalf(fround(largestScale / MAX_SCALE)), out, to)
  writeHalfWord(floatToHalf(fround(largestMinimum / MAX_SCALE)), out, to + 2)
}

function quantizeScales(values: Float32Array, largest: number, out: Uint8Array): void {
  const inverse = largest > 0 ? fround(MAX_SCALE / largest) : 0
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    out[j] = nearestInt(fround(inverse * (values[j] as number)))
  }
  limitCodes(out)
}

/** With importance: sub-block searches weighted by it, then a weighted search for d and dmin. */
function chooseWeightedScales(
  x: Float32Array,
  at: number,
  importance: Float32Array,
  layout: AffineLayout,
  out: Uint8Array,
  to: number,
): void {
  const variance = fround(fround(2 * sumOfSquares(x, at, SUPER_BLOCK)) / SUPER_BLOCK)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const start = at + SUB_BLOCK * j
    importanceWeights(x, start, SUB_BLOCK, importance, variance, errorWeights)
    let sum = 0
    for (let i = 0; i < SUB_BLOCK; i += 1) sum = fround(sum + (errorWeights[i] as number))
    weightSums[j] = sum
    const from = SUB_BLOCK * j
    scales[j] = searchAffine(x, start, SUB_BLOCK, layout.weightedSearch, errorWeights, codes, from, minima, j)
  }
  const d = searchNonNegative(scales, SUB_BLOCKS, MAX_SCALE, weightSums, scaleCodes)
  const dmin = searchNonNegative(minima, SUB_BLOCKS, MAX_SCALE, weightSums, minimumCodes)
  writeHalfWord(floatToHalf(d), out, to)
  writeHalfWord(floatToHalf(dmin), out, to + 2)
  if (layout.limitsScaleCodes) {
    limitCodes(scaleCodes)
    limitCodes(minimumCodes)
  }
}

function limitCodes(values: Uint8Array): void {
  for (let j = 0; j < SUB_BLOCKS; j += 1) if ((values[j] as number) > MAX_SCALE) values[j] = MAX_SCALE
}

/** Rounds every weight to the nearest code under the scales as stored; a scale of 0 keeps the search's codes. */
function encodeWithStoredScales(
  x: Float32Array,
  at: number,
  maximum: number,
  out: Uint8Array,
  to: number,
): void {
  const d = halfToFloat(readHalfWord(out, to))
  const dmin = halfToFloat(readHalfWord(out, to + 2))
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const scale = fround(d * readScale(out, to + SCALES, j))
    if (scale === 0) continue
    const minimum = fround(dmin * readMinimum(out, to + SCALES, j))
    for (let i = SUB_BLOCK * j; i < SUB_BLOCK * (j + 1); i += 1) {
      const code = nearestInt(fround(fround((x[at + i] as number) + minimum) / scale))
      codes[i] = code < 0 ? 0 : code > maximum ? maximum : code
    }
  }
}

/**
 * Scales and offsets of the eight sub-blocks of the block at `from`, each product rounded to single precision.
 *
 * @param scale  f32[8], written
 * @param offset f32[8], written
 */
export function readSubBlocks(
  bytes: Uint8Array,
  from: number,
  scale: Float32Array,
  offset: Float32Array,
): void {
  const d = halfToFloat(readHalfWord(bytes, from))
  const dmin = halfToFloat(readHalfWord(bytes, from + 2))
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    scale[j] = d * readScale(bytes, from + SCALES, j)
    offset[j] = dmin * readMinimum(bytes, from + SCALES, j)
  }
}
