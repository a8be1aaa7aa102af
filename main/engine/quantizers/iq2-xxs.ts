/**
 * IQ2_XXS: 256 weights in 66 bytes, eight sub-blocks of 32.
 *
 *     0        2                                        66
 *     [ d: f16 | 8 x (points: 4 x u8, signs and scale: u32) ]
 *
 * A point is the number of 8 magnitudes in a grid of 256. The word of a sub-block has 7 sign bits per group of 8,
 * lowest first, and above them a scale of 4 bits; the eighth sign makes the number of negatives even.
 * weight = +-((d * (0.5 + scale)) * 0.25) * level, the levels of codes 0, 1, 2 are 8, 25, 43.
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { IQ2_XXS_GRID } from './grids.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import {
  chooseAgain,
  LEVELS,
  decodedLevels,
  decodedScale,
  decodeGroup,
  fillRoots,
  largestMagnitude,
  newSubBlock,
  searchPoints,
  SUPER_BLOCK,
  trialNumerators,
} from './iq2-search.ts'
import { searchNonNegative } from './non-negative-search.ts'
import { requireImportance } from './required-importance.ts'
import { makeSignsEven, splitSigns, withEighthSign } from './sign-bits.ts'
import { ALL_ZERO } from './symmetric-search.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'
import { scaleCode } from './scale-code.ts'
import { once } from './once.ts'
import type { GridChoice } from './optimal/grid-block.ts'
import { gridSearches } from './optimal/grid-search.ts'
import { gridErrorWeights } from './optimal/grid-weights.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'

const TYPE = ggmlType('IQ2_XXS')
const BYTES = TYPE.blockBytes
const SUB_BLOCK = 32
const SUB_BLOCKS = 8
const NUMERATORS = trialNumerators(6)
const { fround, abs } = Math

const block = newSubBlock(SUB_BLOCK)
const signs = new Uint8Array(4)
const points = new Uint16Array(4)
const ignored = new Uint8Array(4)
const allGroups = new Uint8Array(4).fill(1)
const startCodes = new Uint8Array(SUB_BLOCK)
const scales = new Float32Array(SUB_BLOCKS)

function quantize(x: Float32Array, given: Float32Array | null, out: Uint8Array): void {
  const importance = requireImportance(TYPE.name, given)
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += BYTES) {
    out.fill(0, to, to + BYTES)
    const largestScale = quantizeSubBlocks(x, at, importance, out, to + 2)
    if (largestScale === 0) {
      out.fill(0, to, to + BYTES)
      continue
    }
    const unit = fround(largestScale / 31)
    writeHalfWord(floatToHalf(unit), out, to)
    const inverse = fround(1 / unit)
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const last = to + 2 + 8 * j + 7
      out[last] = (out[last] as number) | (scaleCode(inverse, scales[j] as number) << 4)
    }
  }
}

/** Writes points and signs of all sub-blocks and fills their scales; returns the largest. */
function quantizeSubBlocks(
  x: Float32Array,
  at: number,
  importance: Float32Array,
  out: Uint8Array,
  to: number,
): number {
  const variance = fround(sumOfSquares(x, at, SUPER_BLOCK) / SUPER_BLOCK)
  let largestScale = 0
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const start = at + SUB_BLOCK * j
    importanceWeights(x, start, SUB_BLOCK, importance, variance, block.weights)
    splitSigns(x, start, block.magnitudes, signs)
    makeSignsEven(block.magnitudes, block.weights, signs)
    const startScale = findStartScale()
    scales[j] = 0
    if (startScale === 0) continue
    const scale = searchSubBlock(startScale)
    writeSubBlock(scale, out, to + 8 * j)
    scales[j] = abs(scale)
    if (abs(scale) > largestScale) largestScale = abs(scale)
  }
  return largestScale
}

/** The best scale for codes 0 ... 4 that need no grid; 0 for a sub-block that is stored as zeros. */
function findStartScale(): number {
  if (largestMagnitude(block) < ALL_ZERO) return 0
  const scale = searchNonNegative(block.magnitudes, SUB_BLOCK, 4, block.weights, startCodes)
  return fround(3 * scale) <= 0 ? 0 : scale
}

/** Scale and points of the loaded sub-block. */
function searchSubBlock(startScale: number): number {
  const largest = fround(3 * startScale)
  points.fill(0)
  fillRoots(block)
  const scale = searchPoints(block, IQ2_XXS_GRID, NUMERATORS, largest, startScale, points, ignored)
  return scale > 0 ? chooseAgain(block, IQ2_XXS_GRID, scale, points, allGroups) : scale
}

/** Of a negative scale, seven of eight signs can be turned round. */
function writeSubBlock(scale: number, out: Uint8Array, to: number): void {
  const turn = scale < 0 ? 127 : 0
  let word = 0
  for (let k = 0; k < 4; k += 1) {
    out[to + k] = points[k] as number
    word |= (((signs[k] as number) ^ turn) & 127) << (7 * k)
  }
  writeHalfWord(word, out, to + 4)
  writeHalfWord(word >>> 16, out, to + 6)
}

const tableOfLevels = once(() => decodedLevels(IQ2_XXS_GRID))

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  const levels = tableOfLevels()
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from))
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const pointAt = from + 2 + 8 * j
      const word = readHalfWord(bytes, pointAt + 4) | (readHalfWord(bytes, pointAt + 6) << 16)
      const scale = decodedScale(d, word >>> 28)
      for (let k = 0; k < 4; k += 1) {
        const negative = withEighthSign((word >>> (7 * k)) & 127)
        decodeGroup(levels, bytes[pointAt + k] as number, scale, negative, out, at + SUB_BLOCK * j + 8 * k)
      }
    }
  }
}

/** Writes what the search for the least error has chosen. */
function pack({ half, codes, points: chosen, signs: bits }: GridChoice, out: Uint8Array): void {
  writeHalfWord(half, out, 0)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    let word = (codes[j] as number) << 28
    for (let k = 0; k < 4; k += 1) {
      out[2 + 8 * j + k] = chosen[4 * j + k] as number
      word |= ((bits[4 * j + k] as number) & 127) << (7 * k)
    }
    writeHalfWord(word, out, 2 + 8 * j + 4)
    writeHalfWord(word >>> 16, out, 2 + 8 * j + 6)
  }
}

const searches = gridSearches(
  { grid: IQ2_XXS_GRID, levels: LEVELS, unit: 1 / 8, subBlock: SUB_BLOCK, evenSigns: true },
  pack,
)

export const IQ2_XXS: Format = {
  ...TYPE,
  family: 'i',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0] },
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
