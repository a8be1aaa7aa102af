/** From a search for blocks to the methods of a format that never do worse than its reference. */
import type { Method, QuantizeRow, StoredType } from '../format.ts'
import type { BlockSearch } from './block-search.ts'
import { type ErrorWeights, plainErrorWeights, squareErrorWeights } from './objectives.ts'

const LARGEST_FLOAT = 3.4028234663852886e38

type Decoder = Pick<StoredType, 'blockSize' | 'blockBytes' | 'dequantize'>

interface OptimalSearches {
  readonly search: BlockSearch
  /** What ggml's own search of the format minimises; plain where it has none. */
  readonly ggmlErrorWeights?: ErrorWeights
  /** Goes through every possibility, where `search` does not. */
  readonly exhaustive?: BlockSearch
}

/** The methods of a format besides `reference`, which they start from and keep wherever it is as good. */
export function optimalMethods(
  type: Decoder,
  reference: QuantizeRow,
  { search, ggmlErrorWeights = plainErrorWeights, exhaustive }: OptimalSearches,
): Partial<Record<Method, QuantizeRow>> {
  return {
    optimal: keepBetter(type, reference, search, plainErrorWeights),
    'optimal-square': keepBetter(type, reference, search, squareErrorWeights),
    'optimal-ggml': keepBetter(type, reference, search, ggmlErrorWeights),
    ...(exhaustive && { exhaustive: keepBetter(type, reference, exhaustive, plainErrorWeights) }),
  }
}

function keepBetter(
  type: Decoder,
  reference: QuantizeRow,
  search: BlockSearch,
  weigh: ErrorWeights,
): QuantizeRow {
  const { blockSize, blockBytes } = type
  const found = new Uint8Array(blockBytes)
  const decoded = new Float32Array(blockSize)
  const errorOf = (weights: Float32Array, errorWeights: Float64Array, bytes: Uint8Array): number => {
    type.dequantize(bytes, decoded)
    return weightedError(weights, errorWeights, decoded)
  }
  const limitedErrorWeights: ErrorWeights = (row, importance, out) => {
    weigh(row, importance, out)
    limit(out)
  }
  const quantize = (row: Float32Array, importance: Float32Array | null, out: Uint8Array): void => {
    reference(row, importance, out)
    const rowErrorWeights = new Float64Array(row.length)
    limitedErrorWeights(row, importance, rowErrorWeights)
    for (let at = 0, to = 0; at < row.length; at += blockSize, to += blockBytes) {
      const weights = row.subarray(at, at + blockSize)
      const errorWeights = rowErrorWeights.subarray(at, at + blockSize)
      const kept = out.subarray(to, to + blockBytes)
      const referenceError = errorOf(weights, errorWeights, kept)
      if (referenceError === 0) continue
      search({ weights, errorWeights, reference: kept }, found)
      // Written so that a reference whose error is no number loses.
      if (!(referenceError <= errorOf(weights, errorWeights, found))) kept.set(found)
    }
  }
  return Object.assign(quantize, { errorWeights: limitedErrorWeights })
}

/** ggml's weights are of single precision: what overflows there counts as the largest, what is no number as 0. */
function limit(errorWeights: Float64Array): void {
  for (const [i, weight] of errorWeights.entries()) {
    if (!Number.isFinite(weight)) errorWeights[i] = weight > 0 ? LARGEST_FLOAT : 0
  }
}

/** The objective, as decoded; the native twin sums in the same order. */
function weightedError(weights: Float32Array, errorWeights: Float64Array, decoded: Float32Array): number {
  let sum = 0
  for (let i = 0; i < weights.length; i += 1) {
    const error = (weights[i] as number) - (decoded[i] as number)
    sum += (errorWeights[i] as number) * (error * error)
  }
  return sum
}
