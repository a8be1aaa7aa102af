/**
 * How the damage of a plan is predicted: always a sum over tensors of sensitivity x squared error.
 *
 * - `error`: every sensitivity is 1, plain error
 * - `importance`: every sensitivity is 1, importance-weighted error where a tensor has importance
 * - `priors`: sensitivities from the role and place of a tensor; a stated guess, in no unit
 * - `measured`: sensitivities measured in llama.cpp or read from a file; the damage is a KL divergence in nats
 */
export type DamageModel = 'error' | 'importance' | 'priors' | 'measured'

/** The error whose square a sensitivity belongs to. */
export type SensitivityMeasure = 'relativeError' | 'weightedRelativeError'

/** `one`: the damage model has none. `prior`: guessed from role and place. */
export type SensitivitySource = 'one' | 'prior' | 'measured' | 'file'

/** What a squared error of 1 in a tensor costs. */
export interface TensorSensitivity {
  readonly alpha: number
  /** Null where nothing was measured. */
  readonly standardError: number | null
  readonly source: SensitivitySource
  readonly measure: SensitivityMeasure
}

/** One group of tensors replaced by its quantized twin, everything else untouched. */
export interface SensitivityGroup {
  readonly tensors: readonly string[]
  readonly format: string
  /** Root of the summed squares over the tensors of the group. */
  readonly relativeError: number
  /** Null without importance. */
  readonly weightedRelativeError: number | null
  /** Mean KL divergence in nats. */
  readonly kld: number
  /** Candidate less reference. */
  readonly perplexityChange: number
  /** KL divergence per squared error: of `weightedRelativeError` where known, else of `relativeError`. Over all formats of the group. */
  readonly alpha: number
  readonly standardError: number
}

/** What was measured of one model. */
export interface Sensitivities {
  readonly schema: 1
  readonly model: string
  readonly tokens: number
  readonly context: number
  readonly groups: readonly SensitivityGroup[]
}
