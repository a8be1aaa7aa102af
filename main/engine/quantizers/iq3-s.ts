/**
 * IQ3_S: 256 weights in 110 bytes, eight sub-blocks of 32.
 *
 *     0        2                  66                  74             106             110
 *     [ d: f16 | points: 64 x u8  | high bits: 8 x u8 | signs: 32 u8 | scales: 4 u8  ]
 *
 * A point is the number of 4 magnitudes in a grid of 512: its low 8 bits, and bit k of high byte j for point k of
 * sub-block j. Bit i of a sign byte is the sign of weight i of 8. Scale j is the low (j even) or high half of a byte.
 * weight = +-(d * (1 + 2 scale)) * (2 code + 1)
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { IQ3_S_GRID } from './grids.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { iq3Search, loadSubBlock, searchPoints, SUB_BLOCK, SUB_BLOCKS, SUPER_BLOCK } from './iq3-search.ts'
import { sumOfSquares } from './weighting.ts'
import { packScaleCodes, writeCodePairs } from './scale-code.ts'
import { once } from './once.ts'
import type { GridChoice } from './optimal/grid-block.ts'
import { gridSearches } from './optimal/grid-search.ts'
import { gridErrorWeights } from './optimal/grid-weights.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'

const TYPE = ggmlType('IQ3_S')
const BYTES = TYPE.blockBytes
const POINTS = 2
const HIGH = 66
const SIGNS = 74
const SCALES = 106
const { fround } = Math

/** Makes up for the rounding of sub-block scales, which on average are smaller than the largest allows. */
const STRETCH = fround(1.033)
const search = once(() => iq3Search(IQ3_S_GRID, 9, true))

const LEVELS = [1, 3, 5, 7, 9, 11, 13, 15]
const scales = new Float32Array(SUB_BLOCKS)
const signs = new Uint8Array(4)
const points = new Uint16Array(8)

function quantize(x: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += BYTES) {
    out.fill(0, to, to + BYTES)
    const largestScale = quantizeSubBlocks(x, at, importance, out, to)
    if (largestScale === 0) continue
    const unit = fround(largestScale / 31)
    writeHalfWord(floatToHalf(fround(unit * STRETCH)), out, to)
    packScaleCodes(scales, unit, out, to + SCALES)
  }
}

/**
 * Writes points and signs, fills the scales of all sub-blocks; returns the largest.
 *
 * A sub-block of zeros writes nothing and does not even take its place: the low bits and the signs of the sub-blocks
 * behind it move up, their high bits and scales do not. Such super-blocks decode to other weights in every program,
 * but these are the bytes of ggml.
 */
function quantizeSubBlocks(
  x: Float32Array,
  at: number,
  importance: Float32Array | null,
  out: Uint8Array,
  to: number,
): number {
  const variance = fround(fround(2 * sumOfSquares(x, at, SUPER_BLOCK)) / SUPER_BLOCK)
  let largestScale = 0
  scales.fill(0)
  for (let j = 0, place = 0; j < SUB_BLOCKS; j += 1) {
    const largest = loadSubBlock(x, at + SUB_BLOCK * j, importance, variance, false, signs)
    if (largest === 0) continue
    // All magnitudes are positive, so the scale is, too.
    const scale = searchPoints(largest, search(), points)
    for (let k = 0; k < 8; k += 1) {
      out[to + POINTS + 8 * place + k] = points[k] as number
      out[to + HIGH + j] = (out[to + HIGH + j] as number) | (((points[k] as number) >>> 8) << k)
    }
    out.set(signs, to + SIGNS + 4 * place)
    scales[j] = scale
    if (scale > largestScale) largestScale = scale
    place += 1
  }
  return largestScale
}

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  const { magnitudes } = search()
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from))
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const code = ((bytes[from + SCALES + (j >>> 1)] as number) >>> (4 * (j & 1))) & 15
      const scale = fround(d * (1 + 2 * code))
      const high = bytes[from + HIGH + j] as number
      for (let k = 0; k < 8; k += 1) {
        const point = (bytes[from + POINTS + 8 * j + k] as number) | (((high >>> k) & 1) << 8)
        const negative = (bytes[from + SIGNS + 4 * j + (k >>> 1)] as number) >>> (4 * (k & 1))
        for (let i = 0; i < 4; i += 1) {
          const level = scale * (magnitudes[4 * point + i] as number)
          out[at + SUB_BLOCK * j + 4 * k + i] = (negative >>> i) & 1 ? -level : level
        }
      }
    }
  }
}

/** Writes what the search for the least error has chosen. */
function pack({ half, codes, points: chosen, signs: bits }: GridChoice, out: Uint8Array): void {
  out.fill(0)
  writeHalfWord(half, out, 0)
  out.set(bits, SIGNS)
  for (const [group, point] of chosen.entries()) {
    const high = HIGH + (group >>> 3)
    out[POINTS + group] = point
    out[high] = (out[high] as number) | ((point >>> 8) << (group & 7))
  }
  writeCodePairs(codes, out, SCALES)
}

const searches = gridSearches(
  { grid: IQ3_S_GRID, levels: LEVELS, unit: 1, subBlock: SUB_BLOCK, evenSigns: false },
  pack,
)

export const IQ3_S: Format = {
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
      ggmlErrorWeights: gridErrorWeights(2, 0),
    }),
  },
}
