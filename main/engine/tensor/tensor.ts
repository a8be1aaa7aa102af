/**
 * A named array of an opened model.
 *
 * `shape` is in ggml order: `shape[0]` (`ne[0]`) is the row length. A row is the unit of quantization.
 */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  /** Stored type: a ggml or safetensors spelling (`Q4_K`, `F8_E4M3`), or `type N (unknown)`. */
  readonly type: string
  /** Index into {@link Model.files}. */
  readonly file: number
  /** Absolute byte offset in that file; checked to lie inside it. */
  readonly offsetBytes: number
  readonly bytes: number
  /** From `blk.N.`; null for global tensors. */
  readonly layer: number | null
  /** `attn_q`, `ffn_down`, `token_embd`, ...: the name without layer and `.weight`. */
  readonly role: string
  /** llama.cpp would quantize it. */
  readonly quantizable: boolean
}

export function rowLength(tensor: Pick<Tensor, 'shape'>): number {
  return tensor.shape[0] ?? 1
}

export function rowCount(tensor: Pick<Tensor, 'shape'>): number {
  return tensor.shape.slice(1).reduce((product, size) => product * size, 1)
}

export function weightCount(tensor: Pick<Tensor, 'shape'>): number {
  return tensor.shape.reduce((product, size) => product * size, 1)
}

/** Rows of one expert slice: every row of the tensor unless it is a 3-D expert stack. */
export function rowsPerExpert(tensor: Pick<Tensor, 'shape'>): number {
  return tensor.shape[1] ?? 1
}
