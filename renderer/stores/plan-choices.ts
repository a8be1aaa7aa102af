import type { Plan, PlanChoices } from '../../preload/contract.ts'

/** What a plan chose: every tensor that does not keep its stored bytes, with the format it asked for. */
export function choicesOf(plan: Plan): PlanChoices {
  const chosen = plan.tensors.flatMap(({ name, requested, method }) =>
    method === null ? [] : [[name, { format: requested, method }] as const],
  )
  return Object.fromEntries(chosen)
}

/** Equal for equal choices made with the same importance, whatever the order of the names. */
export function choicesKey(choices: PlanChoices, imatrix: string | null): string {
  const lines = Object.entries(choices).map(([name, { format, method }]) => `${name}\t${format}\t${method}`)
  return [imatrix ?? '', ...lines.sort()].join('\n')
}
