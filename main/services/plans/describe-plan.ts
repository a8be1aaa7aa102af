import { CompensatedSum } from '../../engine/allocation/solver/compensated-sum.ts'
import type { Model } from '../../engine/formats/model.ts'
import type { DamageModel, Plan, PlannedTensor, Target } from '../../../preload/contract.ts'
import type { OpenedModel } from '../library/library.ts'
import type { ResolvedTensor } from './resolve-choices.ts'
import type { WeighedTensor } from './weigh-tensors.ts'

/** How a plan was found by a search, and how good it is certain to be. */
export interface SearchResult {
  readonly damage: number
  readonly lowerBound: number
  readonly gap: number
  readonly price: number
}

export interface PlanFigures {
  readonly damageModel: DamageModel
  readonly fileBytes: number
  /** Null for a plan made by hand or preset. */
  readonly search: SearchResult | null
}

/** A plan as it is shown and saved; its damage is unknown while that of one changed tensor is. */
export function describePlan(
  { model }: OpenedModel,
  weighed: readonly WeighedTensor[],
  { damageModel, fileBytes, search }: PlanFigures,
): Plan {
  return {
    schema: 1,
    model: model.name,
    target: targetOf(weighed),
    damageModel,
    fileBytes,
    bpw: bitsPerWeightOf(model, weighed),
    predictedDamage: search ? search.damage : damageOf(weighed),
    lowerBound: search?.lowerBound ?? null,
    gap: search?.gap ?? null,
    ...(search && { price: search.price }),
    tensors: weighed.map(describeTensor),
  }
}

function describeTensor(weighed: WeighedTensor): PlannedTensor {
  const { tensor, requested, change, bytes, error, damage } = weighed
  return {
    name: tensor.name,
    format: change?.format.name ?? tensor.type,
    requested,
    method: change?.method ?? null,
    bytes,
    error,
    damage,
  }
}

function targetOf(resolved: readonly ResolvedTensor[]): Target {
  const special = resolved.find(({ change }) => change && change.format.target !== 'llama.cpp')
  return special?.change?.format.target ?? 'llama.cpp'
}

/** Over all tensor bytes. */
export function bitsPerWeightOf(
  { parameters }: Pick<Model, 'parameters'>,
  resolved: readonly ResolvedTensor[],
): number {
  const bytes = resolved.reduce((total, entry) => total + entry.bytes, 0)
  return parameters === 0 ? 0 : (bytes * 8) / parameters
}

/** Null while the damage of a changed tensor is unknown. */
export function damageOf(weighed: readonly WeighedTensor[]): number | null {
  const total = new CompensatedSum()
  for (const { damage } of weighed) {
    if (damage === null) return null
    total.add(damage)
  }
  return total.value
}
