/**
 * IQ2_XS: 256 weights in 74 bytes, sixteen sub-blocks of 16.
 *
 *     0        2                          66                            74
 *     [ d: f16 | points, signs: 32 x u16  | scales: 4 bits, low half first ]
 *
 * A word belongs to 8 weights: 9 bits number their magnitudes in a grid of 512, 7 bits are signs; the eighth makes
 * the number of negatives even.
 * weight = +-((d * (0.5 + scale)) * 0.25) * level, the levels of codes 0, 1, 2 are 8, 25, 43.
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { IQ2_XS_GRID } from './grids.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { LEVELS, decodedLevels, decodedScale, decodeGroup, SUPER_BLOCK } from './iq2-search.ts'
import { block, largestScale, points, scales, searchSubBlock, SUB_BLOCK, SUB_BLOCKS } from './iq2-sixteen.ts'
import { requireImportance } from './required-importance.ts'
import { makeSignsEven, splitSigns, withEighthSign } from './sign-bits.ts'
import { ALL_ZERO } from './symmetric-search.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'
import { once } from './once.ts'
import { packScaleCodes, writeCodePairs } from './scale-code.ts'
import type { GridChoice } from './optimal/grid-block.ts'
import { gridSearches } from './optimal/grid-search.ts'
import { gridErrorWeights } from './optimal/grid-weights.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'

const TYPE = ggmlType('IQ2_XS')
const BYTES = TYPE.blockBytes
const WORDS = 2
const SCALES = 66
const { fround, abs } = Math

const signs = new Uint8Array(2)

function quantize(x: Float32Array, given: Float32Array | null, out: Uint8Array): void {
  const importance = requireImportance(TYPE.name, given)
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += BYTES) {
    out.fill(0, to, to + BYTES)
    quantizeSubBlocks(x, at, importance, out, to + WORDS)
    const largest = largestScale()
    if (largest === 0) {
      out.fill(0, to, to + BYTES)
      continue
    }
    const unit = fround(largest / 31)
    writeHalfWord(floatToHalf(unit), out, to)
    packScaleCodes(scales, unit, out, to + SCALES)
  }
}

function quantizeSubBlocks(
  x: Float32Array,
  at: number,
  importance: Float32Array,
  out: Uint8Array,
  to: number,
): void {
  const variance = fround(sumOfSquares(x, at, SUPER_BLOCK) / SUPER_BLOCK)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const start = at + SUB_BLOCK * j
    importanceWeights(x, start, SUB_BLOCK, importance, variance, block.weights)
    splitSigns(x, start, block.magnitudes, signs)
    makeSignsEven(block.magnitudes, block.weights, signs)
    const scale = searchSubBlock(IQ2_XS_GRID, ALL_ZERO)
    scales[j] = abs(scale ?? 0)
    if (scale === undefined) continue
    // Of a negative scale, seven of eight signs can be turned round.
    const turn = scale < 0 ? 127 : 0
    for (let k = 0; k < 2; k += 1) {
      const word = (points[k] as number) | ((((signs[k] as number) ^ turn) & 127) << 9)
      writeHalfWord(word, out, to + 4 * j + 2 * k)
    }
  }
}

const tableOfLevels = once(() => decodedLevels(IQ2_XS_GRID))

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  const levels = tableOfLevels()
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from))
    for (let group = 0; group < 32; group += 1) {
      const pair = bytes[from + SCALES + (group >>> 2)] as number
      const scale = decodedScale(d, group & 2 ? pair >>> 4 : pair & 15)
      const word = readHalfWord(bytes, from + WORDS + 2 * group)
      decodeGroup(levels, word & 511, scale, withEighthSign(word >>> 9), out, at + 8 * group)
    }
  }
}

/** Writes what the search for the least error has chosen. */
function pack({ half, codes, points: chosen, signs: bits }: GridChoice, out: Uint8Array): void {
  writeHalfWord(half, out, 0)
  for (let group = 0; group < 32; group += 1) {
    const word = (chosen[group] as number) | (((bits[group] as number) & 127) << 9)
    writeHalfWord(word, out, WORDS + 2 * group)
  }
  writeCodePairs(codes, out, SCALES)
}

const searches = gridSearches(
  { grid: IQ2_XS_GRID, levels: LEVELS, unit: 1 / 8, subBlock: SUB_BLOCK, evenSigns: true },
  pack,
)

export const IQ2_XS: Format = {
  ...TYPE,
  family: 'i',
  target: 'llama.cpp',
  words: { width: 2, offsets: Array.from({ length: 33 }, (_, i) => 2 * i) },
  scaleBits: readHalfWord,
  needsImportance: true,
  dequantize,
  methods: {
    reference: quantize,
    ...optimalMethods({ ...TYPE, dequantize }, quantize, {
      ...searches,
      ggmlErrorWeights: gridErrorWeights(1, 0),
    }),
  },
}
