import type { Plan, PlannedTensor } from '../../../preload/contract.ts'

/** A tensor that a plan treats differently from a preset. */
export interface PlanChange {
  readonly name: string
  readonly from: PlannedTensor
  readonly to: PlannedTensor
  /** Of the plan against the preset. */
  readonly bytes: number
  /** Squared relative error of the plan less that of the preset; null when one is not measured. */
  readonly damage: number | null
  /** Damage avoided per byte spent (or added per byte saved); null without damage or bytes. */
  readonly damagePerByte: number | null
}

function change(from: PlannedTensor, to: PlannedTensor): PlanChange {
  const bytes = to.bytes - from.bytes
  const known = from.error !== null && to.error !== null
  const damage = known ? (to.error ?? 0) ** 2 - (from.error ?? 0) ** 2 : null
  const damagePerByte = damage === null || bytes === 0 ? null : damage / bytes
  return { name: to.name, from, to, bytes, damage, damagePerByte }
}

/** Tensors whose format or method differ, largest change of bytes first. */
export function planChanges(preset: Plan, plan: Plan): readonly PlanChange[] {
  const before = new Map(preset.tensors.map((one) => [one.name, one]))
  return plan.tensors
    .flatMap((to) => {
      const from = before.get(to.name)
      if (!from || (from.format === to.format && from.method === to.method)) return []
      return [change(from, to)]
    })
    .sort((a, b) => Math.abs(b.bytes) - Math.abs(a.bytes))
}

/** What has to be measured before the damage of a plan is known: one entry per format and method. */
export interface MissingGroup {
  readonly format: string
  readonly method: NonNullable<PlannedTensor['method']>
  readonly tensors: readonly string[]
}

export function missingGroups(plan: Plan): readonly MissingGroup[] {
  const groups = new Map<string, { format: string; method: MissingGroup['method']; tensors: string[] }>()
  for (const { name, requested, method, error } of plan.tensors) {
    if (method === null || error !== null) continue
    const key = `${requested} ${method}`
    const group = groups.get(key) ?? { format: requested, method, tensors: [] }
    group.tensors.push(name)
    groups.set(key, group)
  }
  return [...groups.values()]
}
