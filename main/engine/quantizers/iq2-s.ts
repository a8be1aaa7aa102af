/**
 * IQ2_S: 256 weights in 82 bytes, sixteen sub-blocks of 16.
 *
 *     0        2                       34              66                  74                            82
 *     [ d: f16 | points, low 8 bits    | signs: 32 x u8 | points, high 2 bits | scales: 4 bits, low half first ]
 *
 * A point is the number of 8 magnitudes in a grid of 1024; all eight signs are stored.
 * weight = +-((d * (0.5 + scale)) * 0.25) * level, the levels of codes 0, 1, 2 are 8, 25, 43.
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { IQ2_S_GRID } from './grids.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { LEVELS, decodedLevels, decodedScale, decodeGroup, SUPER_BLOCK } from './iq2-search.ts'
import { block, largestScale, points, scales, searchSubBlock, SUB_BLOCK, SUB_BLOCKS } from './iq2-sixteen.ts'
import { splitSigns } from './sign-bits.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'
import { once } from './once.ts'
import { packScaleCodes, writeCodePairs } from './scale-code.ts'
import type { GridChoice } from './optimal/grid-block.ts'
import { gridSearches } from './optimal/grid-search.ts'
import { gridErrorWeights } from './optimal/grid-weights.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'

const TYPE = ggmlType('IQ2_S')
const BYTES = TYPE.blockBytes
const POINTS = 2
const SIGNS = 34
const HIGH_BITS = 66
const SCALES = 74
const { fround, abs } = Math

/** Sub-blocks below this are stored as zeros. */
const SMALLEST = fround(1e-8)
/** Makes up for scales that on average are rounded down less than up. */
const SHRINK = fround(0.9875)

const signs = new Uint8Array(2)

function quantize(x: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += BYTES) {
    out.fill(0, to, to + BYTES)
    quantizeSubBlocks(x, at, importance, out, to)
    const largest = largestScale()
    if (largest === 0) continue
    const unit = fround(largest / 31)
    writeHalfWord(floatToHalf(fround(unit * SHRINK)), out, to)
    packScaleCodes(scales, unit, out, to + SCALES)
  }
}

function quantizeSubBlocks(
  x: Float32Array,
  at: number,
  importance: Float32Array | null,
  out: Uint8Array,
  to: number,
): void {
  const variance = fround(fround(2 * sumOfSquares(x, at, SUPER_BLOCK)) / SUPER_BLOCK)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const start = at + SUB_BLOCK * j
    weigh(x, start, importance, variance)
    splitSigns(x, start, block.magnitudes, signs)
    const scale = searchSubBlock(IQ2_S_GRID, SMALLEST)
    scales[j] = abs(scale ?? 0)
    if (scale !== undefined) writeGroups(scale, 2 * j, out, to)
  }
}

function weigh(x: Float32Array, start: number, importance: Float32Array | null, variance: number): void {
  if (importance !== null) importanceWeights(x, start, SUB_BLOCK, importance, variance, block.weights)
  else {
    const least = fround(0.25 * variance)
    for (let i = 0; i < SUB_BLOCK; i += 1) {
      const value = x[start + i] as number
      block.weights[i] = least + fround(value * value)
    }
  }
}

function writeGroups(scale: number, first: number, out: Uint8Array, to: number): void {
  const turn = scale < 0 ? 255 : 0
  for (let k = 0; k < 2; k += 1) {
    writePoint(points[k] as number, (signs[k] as number) ^ turn, first + k, out, to)
  }
}

/** Writes point and signs of a group; the high bits must be 0 before. */
function writePoint(point: number, bits: number, group: number, out: Uint8Array, to: number): void {
  const high = to + HIGH_BITS + (group >>> 2)
  out[to + POINTS + group] = point
  out[to + SIGNS + group] = bits
  out[high] = (out[high] as number) | ((point >>> 8) << (2 * (group & 3)))
}

const tableOfLevels = once(() => decodedLevels(IQ2_S_GRID))

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  const levels = tableOfLevels()
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from))
    for (let group = 0; group < 32; group += 1) {
      const pair = bytes[from + SCALES + (group >>> 2)] as number
      const scale = decodedScale(d, group & 2 ? pair >>> 4 : pair & 15)
      const high = ((bytes[from + HIGH_BITS + (group >>> 2)] as number) >>> (2 * (group & 3))) & 3
      const point = (bytes[from + POINTS + group] as number) | (high << 8)
      decodeGroup(levels, point, scale, bytes[from + SIGNS + group] as number, out, at + 8 * group)
    }
  }
}

/** Writes what the search for the least error has chosen. */
function pack({ half, codes, points: chosen, signs: bits }: GridChoice, out: Uint8Array): void {
  out.fill(0)
  writeHalfWord(half, out, 0)
  for (let group = 0; group < 32; group += 1) {
    writePoint(chosen[group] as number, bits[group] as number, group, out, 0)
  }
  writeCodePairs(codes, out, SCALES)
}

const searches = gridSearches(
  { grid: IQ2_S_GRID, levels: LEVELS, unit: 1 / 8, subBlock: SUB_BLOCK, evenSigns: false },
  pack,
)

export const IQ2_S: Format = {
  ...TYPE,
  family: 'i',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
  needsImportance: false,
  dequantize,
  methods: {
    reference: quantize,
    ...optimalMethods({ ...TYPE, dequantize }, quantize, {
      ...searches,
      ggmlErrorWeights: gridErrorWeights(2, 0.25),
    }),
  },
}
