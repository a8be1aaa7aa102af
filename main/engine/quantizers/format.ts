import type { ErrorWeights } from './optimal/objectives.ts'

/** Who can load the format. */
export type Target = 'llama.cpp' | 'ik_llama.cpp' | 'analysis'

/**
 * How codes and scales are chosen; see the words in `main/README.md`.
 *
 * `optimal` seeks the least squared error, each weight counted by its importance (all alike without);
 * `optimal-square` counts it by its square too, `optimal-ggml` as ggml's own search of the format does;
 * `exhaustive` is `optimal` with every possibility gone through where that is too slow for whole models.
 */
export const METHODS = [
  'reference',
  'optimal',
  'optimal-square',
  'optimal-ggml',
  'exhaustive',
  'gptq',
] as const

export type Method = (typeof METHODS)[number]

export type FormatFamily = 'float' | 'legacy' | 'k' | 'i' | 'ternary' | 'binary' | 'microscaling' | 'integer'

/** Block geometry and decoder of a stored type. */
export interface StoredType {
  readonly name: string
  /** Weights per block. */
  readonly blockSize: number
  readonly blockBytes: number
  /**
   * Decodes whole blocks.
   *
   * @param bytes u8[n / blockSize * blockBytes], little endian
   * @param out   f32[n]
   */
  dequantize(bytes: Uint8Array, out: Float32Array): void
  /**
   * Width in bytes and offsets inside a block of the multi-byte words, for files stored big endian.
   */
  readonly words: { readonly width: 1 | 2 | 4 | 8; readonly offsets: readonly number[] }
  /** The f16 scale of the block at `from`, where not every word is such a scale. */
  readonly scaleBits?: (bytes: Uint8Array, from: number) => number
}

/**
 * Quantizes whole rows, or any run of whole blocks of one row.
 *
 * @param weights    f32[n], n a multiple of the block size
 * @param importance f32[n], non-negative, per column; null for none
 * @param out        u8[n / blockSize * blockBytes], written in place
 */
export interface QuantizeRow {
  (weights: Float32Array, importance: Float32Array | null, out: Uint8Array): void
  /** What a squared error counts where the method minimises it; plain where it does not say. */
  readonly errorWeights?: ErrorWeights
}

/** A format that weights can be quantized to: one entry of the registry. */
export interface Format extends StoredType {
  /** ggml type id. */
  readonly id: number
  readonly family: FormatFamily
  readonly target: Target
  readonly needsImportance: boolean
  readonly methods: Partial<Record<Method, QuantizeRow>>
}

export function bitsPerWeight(type: Pick<StoredType, 'blockBytes' | 'blockSize'>): number {
  return (type.blockBytes * 8) / type.blockSize
}

/** Bytes of a run of weights; the count must be whole blocks. */
export function encodedBytes(type: Pick<StoredType, 'blockBytes' | 'blockSize'>, weights: number): number {
  return (weights / type.blockSize) * type.blockBytes
}
