/**
 * IQ3_XXS: 256 weights in 98 bytes, eight sub-blocks of 32.
 *
 *     0        2                      66                              98
 *     [ d: f16 | points: 64 x u8      | signs and scales: 8 x u32     ]
 *
 * A point is the number of 4 magnitudes in a grid of 256. The word of a sub-block has 7 bits per 8 weights, lowest
 * first, and above them a scale of 4 bits. Bit i of the 7 is the sign of weight i; the eighth sign makes their number
 * even.
 * weight = +-((d * (0.5 + scale)) * 0.5) * level, the levels of codes 0 ... 7 are 4, 12 ... 52 and 62.
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { IQ3_XXS_GRID } from './grids.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { iq3Search, loadSubBlock, searchPoints, SUB_BLOCK, SUB_BLOCKS, SUPER_BLOCK } from './iq3-search.ts'
import { withEighthSign } from './sign-bits.ts'
import { sumOfSquares } from './weighting.ts'
import { scaleCode } from './scale-code.ts'
import { once } from './once.ts'
import type { GridChoice } from './optimal/grid-block.ts'
import { gridSearches } from './optimal/grid-search.ts'
import { gridErrorWeights } from './optimal/grid-weights.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'

const TYPE = ggmlType('IQ3_XXS')
const BYTES = TYPE.blockBytes
const POINTS = 2
const WORDS = 66
const { fround } = Math

/** Sub-blocks below this are stored as zeros. */
const SMALLEST = fround(1e-8)
/** Makes up for the rounding of sub-block scales, which on average are smaller than the largest allows. */
const STRETCH = fround(1.0125)
const search = once(() => iq3Search(IQ3_XXS_GRID, 15, false))

const scales = new Float32Array(SUB_BLOCKS)
const words = new Uint32Array(SUB_BLOCKS)
const signs = new Uint8Array(4)
const points = new Uint16Array(8)

function quantize(x: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += BYTES) {
    out.fill(0, to, to + BYTES)
    const largestScale = quantizeSubBlocks(x, at, importance, out, to)
    if (largestScale === 0) {
      out.fill(0, to, to + BYTES)
      continue
    }
    const unit = fround(largestScale / 31)
    writeHalfWord(floatToHalf(fround(unit * STRETCH)), out, to)
    const inverse = fround(1 / unit)
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const word = (words[j] as number) | (scaleCode(inverse, scales[j] as number) << 28)
      for (let i = 0; i < 4; i += 1) out[to + WORDS + 4 * j + i] = word >>> (8 * i)
    }
  }
}

/** Writes the points, fills scales and sign words of all sub-blocks; returns the largest scale. */
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
  words.fill(0)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const largest = loadSubBlock(x, at + SUB_BLOCK * j, importance, variance, true, signs)
    if (largest < SMALLEST) continue
    const scale = searchPoints(largest, search(), points)
    // Signs that are all wrong can only be turned round where seven bits tell them; the parity stays.
    const turn = scale < 0 ? 127 : 0
    for (let k = 0; k < 4; k += 1) {
      words[j] = (words[j] as number) | ((((signs[k] as number) ^ turn) & 127) << (7 * k))
    }
    out.set(points, to + POINTS + 8 * j)
    scales[j] = Math.abs(scale)
    if ((scales[j] as number) > largestScale) largestScale = scales[j] as number
  }
  return largestScale
}

const LEVELS = [4, 12, 20, 28, 36, 44, 52, 62]
/** Levels of all grid points, f32[4 * 256]. */
const tableOfLevels = once(() => Float32Array.from(IQ3_XXS_GRID.codes, (code) => LEVELS[code] as number))

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  const levels = tableOfLevels()
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from))
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const wordAt = from + WORDS + 4 * j
      const word = readHalfWord(bytes, wordAt) | (readHalfWord(bytes, wordAt + 2) << 16)
      const scale = fround(fround(d * fround(0.5 + (word >>> 28))) * 0.5)
      for (let k = 0; k < 4; k += 1) {
        const negative = withEighthSign((word >>> (7 * k)) & 127)
        const pointAt = from + POINTS + 8 * j + 2 * k
        for (let i = 0; i < 8; i += 1) {
          const level = scale * (levels[4 * (bytes[pointAt + (i >>> 2)] as number) + (i & 3)] as number)
          out[at + SUB_BLOCK * j + 8 * k + i] = (negative >>> i) & 1 ? -level : level
        }
      }
    }
  }
}

/** Writes what the search for the least error has chosen. */
function pack({ half, codes, points: chosen, signs: bits }: GridChoice, out: Uint8Array): void {
  writeHalfWord(half, out, 0)
  out.set(chosen, POINTS)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    let word = (codes[j] as number) << 28
    for (let k = 0; k < 4; k += 1) word |= ((bits[4 * j + k] as number) & 127) << (7 * k)
    writeHalfWord(word, out, WORDS + 4 * j)
    writeHalfWord(word >>> 16, out, WORDS + 4 * j + 2)
  }
}

const searches = gridSearches(
  { grid: IQ3_XXS_GRID, levels: LEVELS, unit: 1 / 4, subBlock: SUB_BLOCK, evenSigns: true },
  pack,
)

export const IQ3_XXS: Format = {
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
