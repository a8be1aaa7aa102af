/**
 * IQ1_M: 256 weights in 56 bytes, sixteen sub-blocks of 16, each of two groups of 8.
 *
 *     0                                32                        48                    56
 *     [ low 8 bits of 32 grid points   | one byte per sub-block  | four 16-bit words   ]
 *
 * Byte of a sub-block: per group four bits, the first group's lowest: three high bits of its point, then the
 * direction of its shift. Word w: scale codes of sub-blocks 4 w ... 4 w + 3, three bits each, then four bits of d
 * (f16), the lowest in the first word.
 * weight = (d * (2 * scale + 1)) * (code - 1 +- 1/8)
 *
 * @see ggml-quants.c: quantize_row_iq1_m_impl
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { addProducts, decodeGroup, DOWN, GROUP, placeGroups, SHIFT, sums, UP } from './iq1-groups.ts'
import { PAIRS, searchPairSplit } from './iq1-pair-split.ts'
import { sortValues, split, writeSplitCodes } from './iq1-split.ts'
import { type Iq1Block, iq1Search } from './optimal/iq1-search.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { nearestInt } from './rounding.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'

const { abs, fround, max } = Math

const TYPE = ggmlType('IQ1_M')
const BYTES = TYPE.blockBytes
const SUPER_BLOCK = 256
const SUB_BLOCK = 16
const SUB_BLOCKS = 16
const HIGH = 32
const WORDS = 48
/** Sub-blocks whose largest magnitude is below this are stored as point 0. */
const ALL_ZERO = fround(1e-7)
/** d is enlarged a little, as in ggml. */
const ENLARGED = fround(1.1125)
/** f16 of infinity minus infinity, which x86 gives a sign. */
const NOT_A_NUMBER = 0xfe00
const errorWeights = new Float32Array(SUPER_BLOCK)
const order = new Uint8Array(SUB_BLOCK)
const codes = new Uint8Array(SUB_BLOCK)
const points = new Uint16Array(2)
const scales = new Float32Array(SUB_BLOCKS)

/** Without importance the squared weights weigh the error. */
function quantize(x: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  out.fill(0)
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += BYTES) {
    const block = x.subarray(at, at + SUPER_BLOCK)
    weigh(block, importance && importance.subarray(at, at + SUPER_BLOCK))
    let largest = 0
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      scales[j] = quantizeSubBlock(block, j, out, to)
      largest = max(largest, scales[j] as number)
    }
    if (largest > 0) writeScales(block, largest, out, to)
  }
}

/** Fills {@link errorWeights} for a super-block. */
function weigh(x: Float32Array, importance: Float32Array | null): void {
  if (importance === null) {
    for (let i = 0; i < SUPER_BLOCK; i += 1) errorWeights[i] = (x[i] as number) * (x[i] as number)
    return
  }
  const variance = fround(fround(2 * sumOfSquares(x, 0, SUPER_BLOCK)) / SUPER_BLOCK)
  importanceWeights(x, 0, SUPER_BLOCK, importance, variance, errorWeights)
}

/** Writes points and shifts of sub-block j; returns its scale, 0 where no split has one. */
function quantizeSubBlock(x: Float32Array, j: number, out: Uint8Array, to: number): number {
  const at = SUB_BLOCK * j
  let reach = 0
  for (let i = at; i < at + SUB_BLOCK; i += 1) reach = max(reach, abs(x[i] as number))
  if (reach < ALL_ZERO) return 0
  sortValues(x, at, SUB_BLOCK, order)
  searchPairSplit(x, at, errorWeights, order)
  if (split.first < 0) return 0
  writeSplitCodes(order, codes)
  const shifts = split.scale < 0 ? 3 - split.shifts : split.shifts
  const levels = PAIRS[shifts] as readonly Float32Array[]
  const scale = placeGroups(x, at, errorWeights, abs(split.scale), levels, codes, points)
  writePoints(points, shifts, j, out, to)
  return scale
}

/** Writes the points of the two groups of sub-block j and its shifts, numbered as in {@link PAIRS}. */
function writePoints(points: Uint16Array, shifts: number, j: number, out: Uint8Array, to: number): void {
  const [first = 0, second = 0] = points
  out[to + 2 * j] = first
  out[to + 2 * j + 1] = second
  out[to + HIGH + j] = (first >>> 8) | ((second >>> 8) << 4) | ((shifts & 2) << 2) | ((shifts & 1) << 7)
}

/** Writes d and the scale codes: scale ~ d * (2 * code + 1), d by least squares over the block with these codes. */
function writeScales(x: Float32Array, largest: number, out: Uint8Array, to: number): void {
  const start = fround(largest / 15)
  const inverse = fround(1 / start)
  sums.fill(0)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const rounded = nearestInt(fround(0.5 * fround(fround(inverse * (scales[j] as number)) - 1)))
    const code = Math.max(0, Math.min(7, rounded))
    writeScaleCode(code, j, out, to)
    for (let k = 0; k < 2; k += 1) {
      const levels = isDown(out, to, j, k) ? DOWN : UP
      addProducts(x, SUB_BLOCK * j + GROUP * k, errorWeights, levels, 2 * code + 1, pointOf(out, to, j, k))
    }
  }
  const [products = 0, squares = 0] = sums
  const d = squares > 0 ? fround(products / squares) : start
  writeHalf(Number.isNaN(d) ? NOT_A_NUMBER : floatToHalf(fround(d * ENLARGED)), out, to)
}

/** Adds the scale code of sub-block j to its word. */
function writeScaleCode(code: number, j: number, out: Uint8Array, to: number): void {
  const word = to + WORDS + 2 * (j >>> 2)
  writeHalfWord(readHalfWord(out, word) | (code << (3 * (j & 3))), out, word)
}

function writeBlock({ scale, scaleCodes, points, downwards }: Iq1Block, out: Uint8Array): void {
  out.fill(0)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const shifts = 2 * (downwards[2 * j] as number) + (downwards[2 * j + 1] as number)
    writePoints(points.subarray(2 * j, 2 * (j + 1)), shifts, j, out, 0)
    writeScaleCode(scaleCodes[j] as number, j, out, 0)
  }
  writeHalf(scale, out, 0)
}

/** Spreads the f16 bits of d over the upper four bits of the words. */
function writeHalf(bits: number, out: Uint8Array, to: number): void {
  for (let w = 0; w < 4; w += 1) {
    const high = to + WORDS + 2 * w + 1
    out[high] = (out[high] as number) | (((bits >>> (4 * w)) & 15) << 4)
  }
}

function readHalf(bytes: Uint8Array, from: number): number {
  let bits = 0
  for (let w = 0; w < 4; w += 1) bits |= ((bytes[from + WORDS + 2 * w + 1] as number) >>> 4) << (4 * w)
  return bits
}

/** Point of group k of sub-block j. */
function pointOf(bytes: Uint8Array, from: number, j: number, k: number): number {
  const high = (bytes[from + HIGH + j] as number) >>> (4 * k)
  return (bytes[from + 2 * j + k] as number) | ((high & 7) << 8)
}

/** Whether group k of sub-block j is shifted downwards. */
function isDown(bytes: Uint8Array, from: number, j: number, k: number): boolean {
  return ((bytes[from + HIGH + j] as number) & (8 << (4 * k))) !== 0
}

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    const d = halfToFloat(readHalf(bytes, from))
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const word = readHalfWord(bytes, from + WORDS + 2 * (j >>> 2))
      const scale = fround(d * (2 * ((word >>> (3 * (j & 3))) & 7) + 1))
      for (let k = 0; k < 2; k += 1) {
        const shift = isDown(bytes, from, j, k) ? -SHIFT : SHIFT
        decodeGroup(pointOf(bytes, from, j, k), scale, shift, out, at + SUB_BLOCK * j + GROUP * k)
      }
    }
  }
}

export const IQ1_M: Format = {
  ...TYPE,
  family: 'i',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0, 1, 2, 3].map((w) => WORDS + 2 * w) },
  scaleBits: readHalf,
  needsImportance: false,
  dequantize,
  methods: {
    reference: quantize,
    ...optimalMethods({ ...TYPE, dequantize }, quantize, {
      search: iq1Search({ subBlockGroups: 2, shiftGroups: 1, write: writeBlock }),
      ggmlErrorWeights: (row, importance, out) => {
        for (let at = 0; at < row.length; at += SUPER_BLOCK) {
          weigh(row.subarray(at, at + SUPER_BLOCK), importance && importance.subarray(at, at + SUPER_BLOCK))
          out.set(errorWeights, at)
        }
      },
    }),
  },
}
