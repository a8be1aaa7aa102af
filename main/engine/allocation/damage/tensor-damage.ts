import type { Measurement } from '../../metrics/measurement.ts'
import type { TensorSensitivity } from './damage-model.ts'

/** The figures of a measurement that a damage is made of. */
export type MeasuredErrors = Pick<Measurement, 'relativeError' | 'weightedRelativeError'>

/**
 * Damage of one tensor: sensitivity x squared error, in the unit of the damage model.
 *
 * Where importance was used but weighs the whole tensor with zero, there is no weighted error; the plain one stands in
 * for it, so that a tensor which the calibration text never reached is not thought free.
 *
 * @returns null when the error is not known
 */
export function tensorDamage(sensitivity: TensorSensitivity, errors: MeasuredErrors): number | null {
  const weighted = sensitivity.measure === 'weightedRelativeError' ? errors.weightedRelativeError : null
  const error = weighted ?? errors.relativeError
  return error === null ? null : sensitivity.alpha * error ** 2
}
