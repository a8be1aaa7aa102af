/** A block whose codes and scales are to be chosen. */
export interface SearchedBlock {
  /** f32[block size], finite. */
  readonly weights: Float32Array
  /** What the squared error of each weight counts: f64[block size], finite, non-negative. */
  readonly errorWeights: Float64Array
  /** What the method `reference` has chosen: u8[block bytes]. */
  readonly reference: Uint8Array
}

/**
 * Chooses codes and scales of a block for the least `sum errorWeights (weight - decoded)^2` that it can find.
 *
 * Every decoded value is finite. What it finds is compared with the reference afterwards, and the better is kept.
 *
 * @param out u8[block bytes], all of it written
 */
export type BlockSearch = (block: SearchedBlock, out: Uint8Array) => void
