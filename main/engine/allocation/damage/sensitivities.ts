import type { Model } from '../../formats/model.ts'
import type { DamageModel, SensitivityGroup, SensitivityMeasure, TensorSensitivity } from './damage-model.ts'
import { fitSensitivity } from './fit-sensitivity.ts'
import { rolePriors } from './role-priors.ts'

export interface SensitivityOptions {
  readonly damageModel: DamageModel
  /** For `measured`; role priors alone when null. */
  readonly measured: readonly SensitivityGroup[] | null
  /** Where `measured` comes from. */
  readonly measuredSource: 'measured' | 'file'
  /** The user's own factors by tensor name; 1 where absent. */
  readonly multipliers: Readonly<Record<string, number>>
  /** Whether errors of a tensor are weighted. */
  readonly hasImportance: (name: string) => boolean
}

/**
 * The sensitivity of every quantizable tensor of a model.
 *
 * A measured group's alpha holds for each of its tensors; of several groups that hold a tensor the smallest counts. Tensors
 * that were not measured get their role prior, brought to the scale of the measured ones, and stay `prior`.
 */
export function tensorSensitivities(
  model: Pick<Model, 'tensors' | 'metadata' | 'architecture'>,
  options: SensitivityOptions,
): ReadonlyMap<string, TensorSensitivity> {
  const base = baseSensitivities(model, options)
  return new Map([...base].map(([name, value]) => [name, multiplied(value, options.multipliers[name] ?? 1)]))
}

function multiplied(sensitivity: TensorSensitivity, factor: number): TensorSensitivity {
  const { alpha, standardError } = sensitivity
  return {
    ...sensitivity,
    alpha: alpha * factor,
    standardError: standardError === null ? null : standardError * factor,
  }
}

function baseSensitivities(
  model: Pick<Model, 'tensors' | 'metadata' | 'architecture'>,
  options: SensitivityOptions,
): ReadonlyMap<string, TensorSensitivity> {
  const names = model.tensors.filter((tensor) => tensor.quantizable).map(({ name }) => name)
  const measureOf = (name: string): SensitivityMeasure =>
    options.damageModel !== 'error' && options.hasImportance(name) ? 'weightedRelativeError' : 'relativeError'
  if (options.damageModel === 'error' || options.damageModel === 'importance') {
    return new Map(
      names.map((name) => [name, { alpha: 1, standardError: null, source: 'one', measure: measureOf(name) }]),
    )
  }
  const priors = rolePriors(model)
  const prior = (name: string, scale: number): TensorSensitivity => ({
    alpha: (priors.get(name) ?? 0) * scale,
    standardError: null,
    source: 'prior',
    measure: measureOf(name),
  })
  if (options.damageModel === 'priors' || options.measured === null) {
    return new Map(names.map((name) => [name, prior(name, 1)]))
  }
  const measured = measuredSensitivities(options.measured, options, measureOf)
  const scale = priorScale(measured, priors)
  return new Map(names.map((name) => [name, measured.get(name) ?? prior(name, scale)]))
}

/** Groups over the same tensors are one fit; of groups over different ones, the smallest decides about a tensor. */
function measuredSensitivities(
  groups: readonly SensitivityGroup[],
  { measuredSource }: SensitivityOptions,
  measureOf: (name: string) => SensitivityMeasure,
): ReadonlyMap<string, TensorSensitivity> {
  const together = Map.groupBy(groups, ({ tensors }) => [...tensors].sort().join('\n'))
  const largestFirst = [...together.values()].sort(
    (a, b) => (b[0]?.tensors.length ?? 0) - (a[0]?.tensors.length ?? 0),
  )
  const found = new Map<string, TensorSensitivity>()
  for (const formats of largestFirst) {
    for (const name of formats[0]?.tensors ?? []) {
      found.set(name, { ...groupSensitivity(formats, measureOf(name)), source: measuredSource })
    }
  }
  return found
}

/** Alpha as it was measured where it belongs to the wanted error; otherwise fitted again to the other one. */
function groupSensitivity(
  formats: readonly SensitivityGroup[],
  wanted: SensitivityMeasure,
): Omit<TensorSensitivity, 'source'> {
  const [first] = formats
  const isWeighted = formats.every((group) => group.weightedRelativeError !== null)
  const measure = isWeighted ? wanted : 'relativeError'
  if (first === undefined) return { alpha: 0, standardError: null, measure }
  if ((measure === 'weightedRelativeError') === isWeighted) {
    return { alpha: first.alpha, standardError: first.standardError, measure }
  }
  const relative = first.alpha > 0 ? first.standardError / first.alpha : 0
  const points = formats.map(({ relativeError, kld }) => ({
    squaredError: relativeError ** 2,
    kld,
    standardError: relative * kld,
  }))
  return { ...fitSensitivity(points), measure }
}

/** Measured sensitivity per prior: the median, which a few strange tensors do not move. */
function priorScale(
  measured: ReadonlyMap<string, TensorSensitivity>,
  priors: ReadonlyMap<string, number>,
): number {
  const ratios = [...measured].flatMap(([name, { alpha }]) => {
    const prior = priors.get(name) ?? 0
    return prior > 0 ? [alpha / prior] : []
  })
  return median(ratios) ?? 1
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}
