import { QuantaloupeError } from '../errors.ts'
import { metadataNumber } from '../formats/metadata.ts'
import type { Model } from '../formats/model.ts'

/** How keys and values are stored in memory. */
export type CacheType = 'F16' | 'Q8_0' | 'Q4_0'

export interface KvCacheEstimate {
  readonly bytes: number
  readonly bytesPerToken: number
  /** A sentence with the model's figures. */
  readonly formula: string
}

/** @throws QuantaloupeError `KV_UNKNOWN` with the reason */
export function kvCacheBytes(model: Model, context: number, cacheType: CacheType): KvCacheEstimate {
  const layers = metadataNumber(model, `${model.architecture}.block_count`)
  throw new QuantaloupeError('KV_UNKNOWN', 'The memory for keys and values can not be computed', {
    expected: `${context} tokens in ${cacheType}, ${layers ?? 'an unknown number of'} layers`,
  })
}
