/** Weights that a first look reads in about a second. */
const SAMPLED_WEIGHTS = 32e6
const LEAST = 0.01
const MOST = 0.1

/** Fraction of the rows for the first, quick pass over a model: less of a larger one. */
export function sampleFraction(parameters: number): number {
  return Math.min(MOST, Math.max(LEAST, SAMPLED_WEIGHTS / Math.max(1, parameters)))
}
