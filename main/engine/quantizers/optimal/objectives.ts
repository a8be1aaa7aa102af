/**
 * What a squared error counts: the objectives of the `optimal` methods.
 *
 * Least weighted error is not least damage to the model: large weights matter more than plain error says where no
 * importance is known (`README.md` beside this file). So the objective can be chosen.
 */

/**
 * Error weights of one row.
 *
 * @param weights    f32[n], finite
 * @param importance f32[n], non-negative; null for none
 * @param out        f64[n], written
 */
export type ErrorWeights = (weights: Float32Array, importance: Float32Array | null, out: Float64Array) => void

/** The importance alone; without, every weight counts alike. */
export const plainErrorWeights: ErrorWeights = (_weights, importance, out) => {
  if (importance === null) out.fill(1)
  else out.set(importance)
}

/** The importance times the squared weight. */
export const squareErrorWeights: ErrorWeights = (weights, importance, out) => {
  for (const [i, weight] of weights.entries()) out[i] = (importance?.[i] ?? 1) * (weight * weight)
}
