import type { TensorSensitivity } from '../../engine/allocation/damage/damage-model.ts'
import { tensorDamage } from '../../engine/allocation/damage/tensor-damage.ts'
import { errorKey } from '../cache/error-memo.ts'
import type { ErrorsByFormat, KnownErrors } from '../cache/error-memo.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { OpenedModel } from '../library/library.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import type { KnownMeasurements } from '../measurements/known-measurements.ts'
import type { ResolvedTensor } from './resolve-choices.ts'

/** What will become of a tensor, and what is known of the harm. */
export interface WeighedTensor extends ResolvedTensor {
  /** Relative error; 0 where the stored bytes are kept, null where it is not measured. */
  readonly error: number | null
  readonly damage: number | null
  /** The figures come from some of the rows. */
  readonly isSampled: boolean
}

export type WeighTensor = (resolved: ResolvedTensor) => WeighedTensor

/** Judges tensors of a model by what the cache knows now. */
export function tensorWeigher(
  { model }: OpenedModel,
  statistics: ActivationStatistics,
  known: KnownMeasurements,
  sensitivities: ReadonlyMap<string, TensorSensitivity>,
): WeighTensor {
  // Notices what other processes have measured.
  known.version()
  const errorsByTensor = new Map<string, ErrorsByFormat>()
  const errorsOf = (tensor: Tensor): ErrorsByFormat => {
    const errors = errorsByTensor.get(tensor.name) ?? known.errors(model, tensor, statistics)
    errorsByTensor.set(tensor.name, errors)
    return errors
  }
  return (resolved) => {
    const { tensor, change } = resolved
    if (!change) return { ...resolved, error: 0, damage: 0, isSampled: false }
    const errors = errorsOf(tensor).get(errorKey(change.format.name, change.method))
    const sensitivity = sensitivities.get(tensor.name)
    return {
      ...resolved,
      error: errors?.relativeError ?? null,
      damage: errors && sensitivity ? damageOf(sensitivity, errors) : null,
      isSampled: errors?.isSampled ?? false,
    }
  }
}

/** A tensor of zeros has no relative error; every format stores it as it is. */
function damageOf(sensitivity: TensorSensitivity, errors: KnownErrors): number | null {
  return errors.mse === 0 ? 0 : tensorDamage(sensitivity, errors)
}
