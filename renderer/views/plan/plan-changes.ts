import type { Plan, PlannedTensor } from '../../../preload/contract.ts'

/** A tensor that a plan treats differently from a preset. */
export interface PlanChange {
  readonly name: string
  readonly from: PlannedTensor
  readonly to: PlannedTensor
  /** Of the plan against the preset. */
  readonly bytes: number
  /** Predicted damage of the plan less that of the preset; null when one is not measured. */
  readonly damage: number | null
  /** Damage avoided per byte spent, or added per byte saved; null without damage or bytes. */
  readonly damagePerByte: number | null
}

function change(from: PlannedTensor, to: PlannedTensor): PlanChange {
  const bytes = to.bytes - from.bytes
  const damage = from.damage === null || to.damage === null ? null : to.damage - from.damage
  const damagePerByte = damage === null || bytes === 0 ? null : -damage / bytes
  return { name: to.name, from, to, bytes, damage, damagePerByte }
}

/** Largest effect on the damage first; where it is not known, the largest change of bytes. */
function byEffect(a: PlanChange, b: PlanChange): number {
  const effect = (one: PlanChange) => (one.damage === null ? -1 : Math.abs(one.damage))
  return effect(b) - effect(a) || Math.abs(b.bytes) - Math.abs(a.bytes)
}

/** Tensors whose format or method differ, largest effect first. */
export function planChanges(preset: Plan, plan: Plan): readonly PlanChange[] {
  const before = new Map(preset.tensors.map((one) => [one.name, one]))
  return plan.tensors
    .flatMap((to) => {
      const from = before.get(to.name)
      if (!from || (from.format === to.format && from.method === to.method)) return []
      return [change(from, to)]
    })
    .sort(byEffect)
}

export interface ChangeSum {
  readonly bytes: number
  /** Null while a tensor is not measured. */
  readonly damage: number | null
}

/** What one plan costs and does against another, as whole files. */
export function wholeChange(preset: Plan, plan: Plan): ChangeSum {
  const [before, after] = [preset.predictedDamage, plan.predictedDamage]
  return {
    bytes: plan.fileBytes - preset.fileBytes,
    damage: before === null || after === null ? null : after - before,
  }
}
