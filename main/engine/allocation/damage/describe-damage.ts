import { countOf } from '../../formats/wording.ts'
import type { DamageModel, SensitivityMeasure, TensorSensitivity } from './damage-model.ts'

/** What is shown beside every predicted damage. */
export interface DamageDescription {
  readonly model: DamageModel
  /** What the number means and what it leaves out. */
  readonly explanation: string
  readonly unit: string
  /** Which error is squared. */
  readonly measure: SensitivityMeasure | 'mixed'
  /** Quantizable tensors whose sensitivity was measured, and all of them. */
  readonly measuredTensors: number
  readonly tensors: number
}

const SENTENCES: Readonly<Record<DamageModel, string>> = {
  error:
    'The sum of squared relative errors of the weights. It knows nothing of what a tensor does, and starves large tensors that matter, such as the embedding and the output: use it to look, not to decide.',
  importance:
    'The sum of squared errors, weighted by how strongly each column is used. It does not know how much a tensor matters to the output.',
  priors:
    'Squared errors times a guess of how much each tensor matters, from its role, place and size. A guess only compares plans: it promises no perplexity, and no figure of it was measured on this model.',
  measured:
    'The KL divergence that source and plan are expected to have, from sensitivities measured in llama.cpp one group at a time. It takes errors as small and independent, knows the calibration text only, and leaves out that llama.cpp rounds activations before it multiplies them with quantized weights: verify the plan.',
}

const UNITS: Readonly<Record<DamageModel, string>> = {
  error: 'squared relative error',
  importance: 'squared relative error',
  priors: 'none',
  measured: 'nats',
}

/**
 * What the predicted damage of a plan means, under the sensitivities it is made of.
 *
 * @param multiplied tensors whose damage the user multiplies by a factor of their own
 * @param strangers  tensors that were measured, and that this model does not quantize
 */
export function describeDamage(
  model: DamageModel,
  sensitivities: ReadonlyMap<string, TensorSensitivity>,
  { multiplied = 0, strangers = 0 }: { readonly multiplied?: number; readonly strangers?: number } = {},
): DamageDescription {
  const all = [...sensitivities.values()]
  const measures = new Set(all.map(({ measure }) => measure))
  const [measure] = measures
  const measuredTensors = all.filter(({ source }) => source === 'measured' || source === 'file').length
  const isGuess = model === 'measured' && measuredTensors === 0
  return {
    model,
    explanation: [
      SENTENCES[isGuess ? 'priors' : model],
      ...(model === 'measured' && !isGuess ? unmeasured(all.length - measuredTensors, all.length) : []),
      ...(strangers > 0
        ? [`Sensitivities of ${countOf(strangers, 'tensor')} that this model does not quantize are not used.`]
        : []),
      ...(multiplied > 0 ? [`Your own factors on ${countOf(multiplied, 'tensor')} are in it.`] : []),
    ].join(' '),
    unit: UNITS[isGuess ? 'priors' : model],
    measure: measures.size > 1 ? 'mixed' : (measure ?? 'relativeError'),
    measuredTensors,
    tensors: all.length,
  }
}

function unmeasured(count: number, all: number): string[] {
  if (count === 0) return []
  return [
    `${count} of ${countOf(all, 'tensor')} not measured: there it is a guess from role and size, on the scale of the others.`,
  ]
}
