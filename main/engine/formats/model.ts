import type { Tensor } from '../tensor/tensor.ts'

export type Container = 'gguf' | 'safetensors'

/** Identity of a file when it was opened; compared again before every later read of it. */
export interface ModelFile {
  readonly path: string
  readonly bytes: number
  readonly modifiedMs: number
  /** Device and inode, so that a renamed file is still known and a replaced one is noticed. */
  readonly identity: string
}

export type ScalarType =
  | 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'f32' | 'bool' | 'string' | 'u64' | 'i64' | 'f64' // prettier-ignore

export type Scalar = number | bigint | boolean | string

/**
 * One metadata entry. Scalars are decoded; an array keeps only its place and is read on demand.
 *
 * `offsetBytes` and `bytes` span the whole entry as stored (key, type, value), so that an export can copy it.
 */
export interface MetadataEntry {
  readonly key: string
  readonly type: ScalarType | 'array'
  /** Undefined for arrays. */
  readonly value?: Scalar
  readonly array?: {
    readonly elementType: ScalarType | 'array'
    readonly length: number
    /** Where the first element starts, in the same file. */
    readonly offsetBytes: number
  }
  readonly file: number
  readonly offsetBytes: number
  readonly bytes: number
}

/** Something worth telling about a model that does not keep it from being used. */
export interface Finding {
  readonly code: string
  readonly message: string
  readonly tensor?: string
}

/** An opened model: headers only, no weights. */
export interface Model {
  readonly container: Container
  /** What the user named: a file, a shard, a folder. */
  readonly path: string
  readonly name: string
  readonly littleEndian: boolean
  readonly files: readonly ModelFile[]
  readonly architecture: string | null
  readonly parameters: number
  /** Bytes of all files together. */
  readonly bytes: number
  /** Bits per weight over all tensor bytes. */
  readonly bpw: number
  readonly tensors: readonly Tensor[]
  readonly metadata: ReadonlyMap<string, MetadataEntry>
  readonly warnings: readonly Finding[]
}
