import { fitSensitivity } from '../../engine/allocation/damage/fit-sensitivity.ts'
import type { SensitivityGroup } from '../../../preload/contract.ts'
import type { Replacement } from '../cache/sensitivities.ts'

/** A group of tensors, replaced by its twin in one format. */
export interface MeasuredReplacement {
  readonly tensors: readonly string[]
  readonly format: string
  readonly replacement: Replacement
}

/** As the contract has them: an entry for each replacement, alpha fitted over all formats of its group. */
export function sensitivityGroups(measured: readonly MeasuredReplacement[]): SensitivityGroup[] {
  const formats = Map.groupBy(measured, ({ tensors }) => JSON.stringify(tensors))
  return [...formats.values()].flatMap((group) => {
    const fitted = fitGroup(group.map(({ replacement }) => replacement))
    return group.map(({ tensors, format, replacement }) => ({
      tensors,
      format,
      ...figuresOf(replacement),
      ...fitted,
    }))
  })
}

function figuresOf({ relativeError, weightedRelativeError, kld, perplexityChange }: Replacement) {
  return { relativeError, weightedRelativeError, kld, perplexityChange }
}

function fitGroup(replacements: readonly Replacement[]): { alpha: number; standardError: number } {
  const isWeighted = replacements.every(({ weightedRelativeError }) => weightedRelativeError !== null)
  return fitSensitivity(
    replacements.map(({ relativeError, weightedRelativeError, kld, standardError }) => {
      const error = (isWeighted ? weightedRelativeError : null) ?? relativeError
      return { squaredError: error * error, kld, standardError }
    }),
  )
}
