/** One measured replacement of a tensor or group. */
export interface SensitivityPoint {
  /** Of the measure that the sensitivity shall belong to; positive. */
  readonly squaredError: number
  /** Mean KL divergence in nats. */
  readonly kld: number
  /** Of `kld`. */
  readonly standardError: number
}

export interface FittedSensitivity {
  /** Nats per squared error; never negative. */
  readonly alpha: number
  readonly standardError: number
}

/**
 * The line through the origin that fits KL divergence over squared error.
 *
 * Each point gives a slope of its own. Their spread has two causes, the text (`standardError`) and that the divergence is
 * not quite linear in the squared error, so that formats disagree by more than the text explains. The second part is
 * estimated from the points and added to each variance, after DerSimonian and Laird (Controlled Clinical Trials 7, 1986);
 * without it the fit would be a least-squares line weighted by the text's variance, dominated by one point and too sure of itself.
 *
 * @returns alpha 0 without uncertainty where no point has an error to divide by
 */
export function fitSensitivity(points: readonly SensitivityPoint[]): FittedSensitivity {
  const slopes = points.filter(({ squaredError }) => squaredError > 0).map(slopeOf)
  if (slopes.length === 0) return { alpha: 0, standardError: 0 }
  const misfit = misfitVariance(slopes)
  const { mean, weight } = weightedMean(
    slopes.map((slope) => ({ ...slope, variance: slope.variance + misfit })),
  )
  return { alpha: Math.max(0, mean), standardError: Math.sqrt(1 / weight) }
}

interface Slope {
  readonly value: number
  readonly variance: number
}

/** Variances smaller than rounding would make one point the only one. */
const LEAST_RELATIVE_ERROR = 1e-3

function slopeOf({ squaredError, kld, standardError }: SensitivityPoint): Slope {
  const value = kld / squaredError
  const error = Math.max(
    standardError / squaredError,
    LEAST_RELATIVE_ERROR * Math.abs(value),
    Number.MIN_VALUE ** 0.25,
  )
  return { value, variance: error ** 2 }
}

function weightedMean(slopes: readonly Slope[]): { readonly mean: number; readonly weight: number } {
  const weight = slopes.reduce((sum, { variance }) => sum + 1 / variance, 0)
  const sum = slopes.reduce((total, { value, variance }) => total + value / variance, 0)
  return { mean: sum / weight, weight }
}

/** Variance between slopes beyond what their own variances explain. */
function misfitVariance(slopes: readonly Slope[]): number {
  const { mean, weight } = weightedMean(slopes)
  const spread = slopes.reduce((sum, { value, variance }) => sum + (value - mean) ** 2 / variance, 0)
  const squares = slopes.reduce((sum, { variance }) => sum + variance ** -2, 0)
  const room = weight - squares / weight
  return room > 0 ? Math.max(0, (spread - (slopes.length - 1)) / room) : 0
}
