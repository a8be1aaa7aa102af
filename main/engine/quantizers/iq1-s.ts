/**
 * IQ1_S: 256 weights in 50 bytes, eight sub-blocks of 32, each of four groups of 8.
 *
 *     0        2                                34                            50
 *     [ d: f16 | low 8 bits of 32 grid points   | one 16-bit word per sub-block ]
 *
 * Word of a sub-block: bits 3 g ... 3 g + 2 are the high bits of the point of group g, bits 12-14 the scale code,
 * bit 15 the direction of the shift.
 * weight = (d * (2 * scale + 1)) * (code - 1 +- 1/8)
 *
 * @see ggml-quants.c: quantize_row_iq1_s_impl
 */
import { floatToHalf, halfToFloat } from '../tensor/half.ts'
import type { Format } from './format.ts'
import { ggmlType } from './ggml-type.ts'
import { readHalfWord, writeHalfWord } from './half-words.ts'
import { decodeGroup, DOWN, GROUP, placeGroups, SHIFT, UP } from './iq1-groups.ts'
import { compareSplit, isBelow, sortValues, split, startSplits, writeSplitCodes } from './iq1-split.ts'
import { type Iq1Block, iq1Search } from './optimal/iq1-search.ts'
import { optimalMethods } from './optimal/optimal-methods.ts'
import { requireImportance } from './required-importance.ts'
import { nearestInt } from './rounding.ts'
import { importanceWeights, sumOfSquares } from './weighting.ts'

const { abs, fround, max } = Math

const TYPE = ggmlType('IQ1_S')
const BYTES = TYPE.blockBytes
const SUPER_BLOCK = 256
const SUB_BLOCK = 32
const SUB_BLOCKS = 8
const POINTS = 2
const WORDS = 34
/** Sub-blocks whose largest magnitude is below this are stored as point 0. */
const ALL_ZERO = fround(1e-12)
const ALL_UP = [UP, UP, UP, UP]
const ALL_DOWN = [DOWN, DOWN, DOWN, DOWN]

const errorWeights = new Float32Array(SUPER_BLOCK)
const order = new Uint8Array(SUB_BLOCK)
const codes = new Uint8Array(SUB_BLOCK)
const points = new Uint16Array(4)
const scales = new Float32Array(SUB_BLOCKS)

function quantize(x: Float32Array, importance: Float32Array | null, out: Uint8Array): void {
  const columnWeights = requireImportance(TYPE.name, importance)
  out.fill(0)
  for (let at = 0, to = 0; at < x.length; at += SUPER_BLOCK, to += BYTES) {
    const block = x.subarray(at, at + SUPER_BLOCK)
    weigh(block, columnWeights.subarray(at, at + SUPER_BLOCK))
    let largest = 0
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      scales[j] = quantizeSubBlock(block, j, out, to)
      largest = max(largest, scales[j] as number)
    }
    if (largest > 0) writeScales(largest, out, to)
  }
}

/** Fills {@link errorWeights} for a super-block. */
function weigh(x: Float32Array, importance: Float32Array): void {
  const variance = fround(fround(2 * sumOfSquares(x, 0, SUPER_BLOCK)) / SUPER_BLOCK)
  importanceWeights(x, 0, SUPER_BLOCK, importance, variance, errorWeights)
}

/** Writes points and shift of sub-block j; returns its scale, 0 where no split has one. */
function quantizeSubBlock(x: Float32Array, j: number, out: Uint8Array, to: number): number {
  const at = SUB_BLOCK * j
  let reach = 0
  for (let i = at; i < at + SUB_BLOCK; i += 1) reach = max(reach, abs(x[i] as number))
  if (reach < ALL_ZERO) return 0
  sortValues(x, at, SUB_BLOCK, order)
  searchSplit(x, at)
  if (split.first < 0) return 0
  writeSplitCodes(order, codes)
  const up = split.shifts > 0 !== split.scale < 0
  const scale = placeGroups(x, at, errorWeights, abs(split.scale), up ? ALL_UP : ALL_DOWN, codes, points)
  writePoints(points, !up, j, out, to)
  return scale
}

/** Writes the points of the four groups of sub-block j and its shift, with scale code 0. */
function writePoints(points: Uint16Array, downwards: boolean, j: number, out: Uint8Array, to: number): void {
  let word = downwards ? 0x8000 : 0
  for (let k = 0; k < 4; k += 1) {
    const point = points[k] as number
    out[to + POINTS + 4 * j + k] = point
    word |= (point >>> 8) << (3 * k)
  }
  writeHalfWord(word, out, to + WORDS + 2 * j)
}

/** Writes the scale code of sub-block j behind its points. */
function writeScaleCode(code: number, j: number, out: Uint8Array, to: number): void {
  const high = to + WORDS + 2 * j + 1
  out[high] = (out[high] as number) | (code << 4)
}

/** Sums of w x and w over the sorted values before each place. */
const productSums = new Float32Array(SUB_BLOCK + 1)
const weightSums = new Float32Array(SUB_BLOCK + 1)

/** Fills {@link split}: every way to cut the sorted values in three, with the shift upwards (1) and downwards (-1). */
function searchSplit(x: Float32Array, at: number): void {
  sumSorted(x, at)
  const allWeights = weightSums[SUB_BLOCK] as number
  const allProducts = productSums[SUB_BLOCK] as number
  const floor = startSplits(evenScore(), allWeights)
  for (let first = 0; first <= SUB_BLOCK; first += 1) {
    // A split's sums: all at the highest level, less what lower levels take away, which are 1 apart.
    const upProducts = allProducts * (1 + SHIFT) - (productSums[first] as number)
    const upSquares = allWeights * (1 + SHIFT) ** 2 + (weightSums[first] as number) * (1 - 2 * SHIFT)
    const downSquares = allWeights * (1 - SHIFT) ** 2 + (weightSums[first] as number) * (1 + 2 * SHIFT)
    for (let second = first; second <= SUB_BLOCK; second += 1) {
      const products = upProducts - (productSums[second] as number)
      const weight = weightSums[second] as number
      if (isBelow(floor, products, upSquares - weight * (1 + 2 * SHIFT))) {
        const downProducts = products - allProducts * (2 * SHIFT)
        if (isBelow(floor, downProducts, downSquares - weight * (1 - 2 * SHIFT))) continue
      }
      compareSplit(splitProducts(first, second, UP), splitSquares(first, second, UP), first, second, 1)
      compareSplit(splitProducts(first, second, DOWN), splitSquares(first, second, DOWN), first, second, -1)
    }
  }
}

function sumSorted(x: Float32Array, at: number): void {
  for (let place = 0; place < SUB_BLOCK; place += 1) {
    const i = at + (order[place] as number)
    const weight = errorWeights[i] as number
    productSums[place + 1] = (productSums[place] as number) + fround(weight * (x[i] as number))
    weightSums[place + 1] = (weightSums[place] as number) + weight
  }
}

/** The best score among splits with as many values below the first cut as behind the second. */
function evenScore(): number {
  let score = 0
  for (let first = 1; first <= SUB_BLOCK / 2; first += 1) {
    for (const levels of [UP, DOWN]) {
      const products = splitProducts(first, SUB_BLOCK - first, levels)
      score = max(score, (products * products) / splitSquares(first, SUB_BLOCK - first, levels))
    }
  }
  return score
}

/** sum w q x of a split. */
function splitProducts(first: number, second: number, levels: Float32Array): number {
  const upToFirst = productSums[first] as number
  const upToSecond = productSums[second] as number
  const low = fround(upToFirst * (levels[0] as number))
  const middle = fround(fround(upToSecond - upToFirst) * (levels[1] as number))
  const rest = fround((productSums[SUB_BLOCK] as number) - upToSecond)
  return fround(fround(low + middle) + fround(rest * (levels[2] as number)))
}

/** sum w q q of a split. */
function splitSquares(first: number, second: number, levels: Float32Array): number {
  const upToFirst = weightSums[first] as number
  const upToSecond = weightSums[second] as number
  const low = timesSquare(upToFirst, levels[0] as number)
  const middle = timesSquare(fround(upToSecond - upToFirst), levels[1] as number)
  const rest = fround((weightSums[SUB_BLOCK] as number) - upToSecond)
  return fround(fround(low + middle) + timesSquare(rest, levels[2] as number))
}

function timesSquare(sum: number, level: number): number {
  return fround(fround(sum * level) * level)
}

/** Writes d, enlarged by an eighth as in ggml, and the scale codes: scale ~ d * (2 * code + 1). */
function writeScales(largest: number, out: Uint8Array, to: number): void {
  const d = fround(largest / 15)
  writeHalfWord(floatToHalf(fround(d * 1.125)), out, to)
  const inverse = fround(1 / d)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    const code = nearestInt(fround(0.5 * fround(fround(inverse * (scales[j] as number)) - 1)))
    writeScaleCode(Math.max(0, Math.min(7, code)), j, out, to)
  }
}

function writeBlock({ scale, scaleCodes, points, downwards }: Iq1Block, out: Uint8Array): void {
  writeHalfWord(scale, out, 0)
  for (let j = 0; j < SUB_BLOCKS; j += 1) {
    writePoints(points.subarray(4 * j, 4 * (j + 1)), downwards[4 * j] === 1, j, out, 0)
    writeScaleCode(scaleCodes[j] as number, j, out, 0)
  }
}

function dequantize(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, from = 0; at < out.length; at += SUPER_BLOCK, from += BYTES) {
    const d = halfToFloat(readHalfWord(bytes, from))
    for (let j = 0; j < SUB_BLOCKS; j += 1) {
      const word = readHalfWord(bytes, from + WORDS + 2 * j)
      const scale = fround(d * (2 * ((word >>> 12) & 7) + 1))
      const shift = word & 0x8000 ? -SHIFT : SHIFT
      for (let k = 0; k < 4; k += 1) {
        const point = (bytes[from + POINTS + 4 * j + k] as number) | (((word >>> (3 * k)) & 7) << 8)
        decodeGroup(point, scale, shift, out, at + SUB_BLOCK * j + GROUP * k)
      }
    }
  }
}

export const IQ1_S: Format = {
  ...TYPE,
  family: 'i',
  target: 'llama.cpp',
  words: { width: 2, offsets: [0, ...Array.from({ length: SUB_BLOCKS }, (_, j) => WORDS + 2 * j)] },
  scaleBits: (bytes, from) => readHalfWord(bytes, from),
  needsImportance: true,
  dequantize,
  methods: {
    reference: quantize,
    ...optimalMethods({ ...TYPE, dequantize }, quantize, {
      search: iq1Search({ subBlockGroups: 4, shiftGroups: 4, write: writeBlock }),
      ggmlErrorWeights: (row, importance, out) => {
        const columns = requireImportance(TYPE.name, importance)
        for (let at = 0; at < row.length; at += SUPER_BLOCK) {
          weigh(row.subarray(at, at + SUPER_BLOCK), columns.subarray(at, at + SUPER_BLOCK))
          out.set(errorWeights, at)
        }
      },
    }),
  },
}
