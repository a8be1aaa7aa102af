/**
 * What Q2_K, Q4_K and Q5_K share: a super-block of 256 weights, weight = (d * scale) * code - (dmin * minimum),
 * with f16 d and dmin and a short scale and minimum per sub-block.
 *
 * @see ggml-quants.c: quantize_row_q4_K_ref, quantize_row_q4_K_impl and the same of q2_K and q5_K
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { nearestInt } from './rounding.ts'
import { type AffineSearch, searchAffine } from './affine-search.ts'
import { searchNonNegative } from './non-negative-search.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'

const { fround } = Math

export const SUPER_BLOCK = 256

/** How scale and minimum codes lie in a block. */
export interface ScaleLayout {
  /** Weights that share a scale and a minimum. */
  readonly subBlock: 16 | 32
  /** Highest scale and minimum code. */
  readonly maximum: number
  /** Offset of d, with dmin behind it. */
  readonly words: number
  /** Offset of the packed codes. */
  readonly codes: number
  readonly pack: (scales: Uint8Array, minima: Uint8Array, out: Uint8Array, to: number) => void
  readonly readScale: (bytes: Uint8Array, from: number, j: number) => number
  readonly readMinimum: (bytes: Uint8Array, from: number, j: number) => number
}

export interface AffineLayout {
  readonly blockBytes: number
  readonly scales: ScaleLayout
  readonly plainSearch: AffineSearch
  readonly weightedSearch: AffineSearch
  /** Error weights without importance, of one sub-block: f32, from index 0. */
  readonly plainWeights: (x: Float32Array, at: number, out: Float32Array) => void
  /** With importance, the variance of the error weights in units of the super-block's mean square. */
  readonly varianceFactor: 1 | 2
  /** Whether a scale code that wrapped around (of a negative scale) becomes the highest, as ggml has it. */
  readonly limitsScaleCodes: { readonly plain: boolean; readonly weighted: boolean }
  readonly pack: (codes: Uint8Array, out: Uint8Array, to: number) => void
}

const codes = new Uint8Array(SUPER_BLOCK)
const errorWeights = new Float32Array(32)
const scales = new Float32Array(16)
const minima = new Float32Array(16)
const weightSums = new Float32Array(16)
const scaleCodes = new Uint8Array(16)
const minimumCodes = new Uint8Array(16)

export function quantizeSuperBlocks(
  x: Float32Array,
  importance: Float32Array | null,
  out: Uint8Array,
  layout: AffineLayout,
): void {
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += layout.blockBytes) {
    if (importance === null) chooseScales(x, at, layout, out, to)
    else chooseWeightedScales(x, at, importance, layout, out, to)
    layout.scales.pack(scaleCodes, minimumCodes, out, to + layout.scales.codes)
    encodeWithStoredScales(x, at, layout, out, to)
    layout.pack(codes, out, to)
  }
}

/** Without importance: each sub-block by itself, the largest scale and minimum take the highest code. */
function chooseScales(x: Float32Array, at: number, layout: AffineLayout, out: Uint8Array, to: number): void {
  const { subBlock, maximum, words } = layout.scales
  const count = SUPER_BLOCK / subBlock
  let largestScale = 0
  let largestMinimum = 0
  for (let j = 0; j < count; j += 1) {
    const from = subBlock * j
    const start = at + from
    layout.plainWeights(x, start, errorWeights)
    const scale = searchAffine(x, start, subBlock, layout.plainSearch, errorWeights, codes, from, minima, j)
    const minimum = minima[j] as number
    scales[j] = scale
    if (scale > largestScale) largestScale = scale
    if (minimum > largestMinimum) largestMinimum = minimum
  }
  quantizeScales(scales, count, largestScale, maximum, scaleCodes)
  quantizeScales(minima, count, largestMinimum, maximum, minimumCodes)
  if (layout.limitsScaleCodes.plain) limitScaleCodes(maximum)
  writeHalfWord(floatToHalf(fround(largestScale / maximum)), out, to + words)
  writeHalfWord(floatToHalf(fround(largestMinimum / maximum)), out, to + words + 2)
}

function quantizeScales(
  values: Float32Array,
  count: number,
  largest: number,
  maximum: number,
  out: Uint8Array,
): void {
  const inverse = largest > 0 ? fround(maximum / largest) : 0
  for (let j = 0; j < count; j += 1) out[j] = nearestInt(fround(inverse * (values[j] as number)))
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
  const { subBlock, maximum, words } = layout.scales
  const count = SUPER_BLOCK / subBlock
  const variance = superBlockVariance(x, at, layout)
  for (let j = 0; j < count; j += 1) {
    const from = subBlock * j
    const start = at + from
    importanceWeights(x, start, subBlock, importance, variance, errorWeights)
    let sum = 0
    for (let i = 0; i < subBlock; i += 1) sum = fround(sum + (errorWeights[i] as number))
    weightSums[j] = sum
    scales[j] = searchAffine(x, start, subBlock, layout.weightedSearch, errorWeights, codes, from, minima, j)
  }
  const d = searchNonNegative(scales, count, maximum, weightSums, scaleCodes)
  const dmin = searchNonNegative(minima, count, maximum, weightSums, minimumCodes)
  writeHalfWord(floatToHalf(d), out, to + words)
  writeHalfWord(floatToHalf(dmin), out, to + words + 2)
  if (layout.limitsScaleCodes.weighted) limitScaleCodes(maximum)
}

/** The variance of the error weights with importance, from the super-block at `at`. */
export function superBlockVariance(x: Float32Array, at: number, layout: AffineLayout): number {
  return fround(fround(layout.varianceFactor * sumOfSquares(x, at, SUPER_BLOCK)) / SUPER_BLOCK)
}

function limitScaleCodes(maximum: number): void {
  for (const values of [scaleCodes, minimumCodes]) {
    for (let j = 0; j < values.length; j += 1) if ((values[j] as number) > maximum) values[j] = maximum
  }
}

/** Rounds every weight to the nearest code under the scales as stored; a scale of 0 keeps the search's codes. */
function encodeWithStoredScales(
  x: Float32Array,
  at: number,
  layout: AffineLayout,
  out: Uint8Array,
  to: number,
): void {
  const { subBlock } = layout.scales
  const { maximum } = layout.plainSearch
  readSubBlocks(out, to, layout.scales, scales, minima)
  for (let from = 0, j = 0; from < SUPER_BLOCK; from += subBlock, j += 1) {
    const scale = scales[j] as number
    if (scale === 0) continue
    const minimum = minima[j] as number
    for (let i = from; i < from + subBlock; i += 1) {
      const code = nearestInt(fround(fround((x[at + i] as number) + minimum) / scale))
      codes[i] = code < 0 ? 0 : code > maximum ? maximum : code
    }
  }
}

/**
 * Scales and offsets of the sub-blocks of the block at `from`, each product rounded to single precision.
 *
 * @param scale  f32[sub-blocks], written
 * @param offset f32[sub-blocks], written
 */
export function readSubBlocks(
  bytes: Uint8Array,
  from: number,
  layout: ScaleLayout,
  scale: Float32Array,
  offset: Float32Array,
): void {
  const d = halfToFloat(readHalfWord(bytes, from + layout.words))
  const dmin = halfToFloat(readHalfWord(bytes, from + layout.words + 2))
  for (let j = 0; j < SUPER_BLOCK / layout.subBlock; j += 1) {
    scale[j] = d * layout.readScale(bytes, from + layout.codes, j)
    offset[j] = dmin * layout.readMinimum(bytes, from + layout.codes, j)
  }
}
