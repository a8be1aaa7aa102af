import type { Method, Plan, PlanChoices } from '../../preload/contract.ts'

/** What a plan decides; tensors that keep their stored bytes are not named. */
export function choicesOf(plan: Plan): PlanChoices {
  return Object.fromEntries(
    plan.tensors.flatMap(({ name, requested, method }) =>
      method === null ? [] : [[name, { format: requested, method }]],
    ),
  )
}

/** The choice of one format for each of some tensors. */
export function pinned(formats: Readonly<Record<string, string>>, method: Method): PlanChoices {
  return Object.fromEntries(Object.entries(formats).map(([name, format]) => [name, { format, method }]))
}

/** Choices without some tensors, which keep their stored bytes. */
export function without(choices: PlanChoices, names: readonly string[]): PlanChoices {
  const left = new Set(names)
  return Object.fromEntries(Object.entries(choices).filter(([name]) => !left.has(name)))
}
