import { QuantaloupeError } from '../errors.ts'
import type { Model } from '../formats/model.ts'
import { attentionLayers, type AttentionLayer } from './kv-layers.ts'

/** How keys and values are stored in memory. */
export type CacheType = 'F16' | 'Q8_0' | 'Q4_0'

export interface KvCacheEstimate {
  readonly bytes: number
  /** What one more token adds at this context; layers that have filled their window add nothing. */
  readonly bytesPerToken: number
  /** Sentences with the model's figures. */
  readonly formula: string
}

interface CacheFormat {
  readonly blockSize: number
  readonly blockBytes: number
}

const CACHE_FORMATS: Readonly<Record<CacheType, CacheFormat>> = {
  F16: { blockSize: 1, blockBytes: 2 },
  Q8_0: { blockSize: 32, blockBytes: 34 },
  Q4_0: { blockSize: 32, blockBytes: 18 },
}

/** llama.cpp's default micro-batch (`-ub`): a window is kept for the tokens of one at once. */
const MICRO_BATCH = 512

/** llama.cpp keeps windows in multiples of this (llama-kv-cache-iswa.cpp). */
const WINDOW_STEP = 256

/**
 * Memory that llama.cpp takes for the keys and values of one sequence, both stored in the same type.
 *
 * Every layer keeps one key and one value per key head and token; layers with a sliding window keep the window and one
 * micro-batch. Buffers for computing are not part of it.
 *
 * @param context tokens
 * @throws QuantaloupeError `KV_UNKNOWN` with the reason: other memories than keys and values, or missing metadata
 */
export function kvCacheBytes(model: Model, context: number, cacheType: CacheType): KvCacheEstimate {
  const { layers, assumption } = attentionLayers(model)
  let [bytes, bytesPerToken] = [0, 0]
  for (const layer of layers) {
    const own = bytesOfToken(model, layer, cacheType)
    const cells = cellsOf(layer, context)
    bytes += own * cells
    if (cells === context) bytesPerToken += own
  }
  const formula = describe(layers, context, cacheType, bytes)
  return { bytes, bytesPerToken, formula: assumption === null ? formula : `${formula} ${assumption}` }
}

function bytesOfToken(model: Model, layer: AttentionLayer, cacheType: CacheType): number {
  const { blockSize, blockBytes } = CACHE_FORMATS[cacheType]
  const { heads, keyLength, valueLength } = layer
  if (keyLength % blockSize !== 0 || valueLength % blockSize !== 0) {
    throw new QuantaloupeError(
      'KV_UNKNOWN',
      `llama.cpp can not store keys and values of this model in ${cacheType}`,
      {
        place: model.path,
        expected: `head lengths that are multiples of ${blockSize}, not ${keyLength} and ${valueLength}`,
        remedy: 'Use F16 for keys and values.',
      },
    )
  }
  return ((heads * (keyLength + valueLength)) / blockSize) * blockBytes
}

/** Tokens that a layer keeps. */
function cellsOf({ window }: AttentionLayer, context: number): number {
  if (window === null) return context
  const kept = Math.ceil((window + MICRO_BATCH) / WINDOW_STEP) * WINDOW_STEP
  return Math.min(context, kept)
}

function describe(
  layers: readonly AttentionLayer[],
  context: number,
  cacheType: CacheType,
  bytes: number,
): string {
  const groups = Map.groupBy(layers, (layer) => JSON.stringify([layer, cellsOf(layer, context)]))
  const parts = [...groups.values()].map((group) => describeLayers(group, context, cacheType))
  return `${parts.join(' + ')} = ${bytes} bytes.`
}

/** `32 layers x 8 heads x (128 key + 128 value) numbers x 2 bytes x 8192 tokens`. */
function describeLayers(group: readonly AttentionLayer[], context: number, cacheType: CacheType): string {
  const [layer] = group
  if (layer === undefined) return ''
  const { blockSize, blockBytes } = CACHE_FORMATS[cacheType]
  const cells = cellsOf(layer, context)
  const factors = [
    `${group.length} ${group.length === 1 ? 'layer' : 'layers'}`,
    `${layer.heads} ${layer.heads === 1 ? 'head' : 'heads'}`,
    `(${layer.keyLength} key + ${layer.valueLength} value) numbers`,
    blockSize === 1 ? `${blockBytes} bytes` : `${blockBytes}/${blockSize} bytes`,
    layer.window === null || cells === context
      ? `${cells} tokens`
      : `${cells} tokens (window of ${layer.window} and a batch of ${MICRO_BATCH})`,
  ]
  return factors.join(' x ')
}
