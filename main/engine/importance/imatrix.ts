/** The importance of one weight's columns. */
export interface ImportanceEntry {
  /** Mean squared activations, f32[experts x columns], expert by expert; not negative, but may be NaN or infinite. */
  readonly values: Float32Array
  readonly experts: number
  /**
   * Experts that no text reached while the file was made. Their values are 1, which says nothing.
   */
  readonly emptyExperts: readonly number[]
}

/** An importance file, read whole. */
export interface Imatrix {
  readonly path: string
  readonly kind: 'gguf' | 'legacy'
  /** By tensor name, in file order. */
  readonly entries: ReadonlyMap<string, ImportanceEntry>
  /** Names of the texts it was made from. */
  readonly datasets: readonly string[]
  readonly chunkCount: number | null
}
