import type { AllocationRequest, Tensor } from '../../preload/contract.ts'

/** Which tensors a rule is about. */
export type RuleScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'layer'; readonly layer: number }
  | { readonly kind: 'tensors'; readonly names: readonly string[] }

/** What a search for the best plan has to keep to. */
export type PlanRule =
  /** The stored bytes stay. */
  | { readonly kind: 'keep'; readonly scope: RuleScope }
  | { readonly kind: 'minimum'; readonly scope: RuleScope; readonly format: string }
  /** All of them get the same format. */
  | { readonly kind: 'share'; readonly scope: RuleScope }

/** Names of the quantizable tensors that a scope reaches. */
export function scopeMembers(scope: RuleScope, tensors: readonly Tensor[]): readonly string[] {
  if (scope.kind === 'tensors') return scope.names
  return tensors
    .filter((tensor) => tensor.quantizable)
    .filter((tensor) => scope.kind !== 'role' || tensor.role === scope.role)
    .filter((tensor) => scope.kind !== 'layer' || tensor.layer === scope.layer)
    .map((tensor) => tensor.name)
}

type RuleRequest = Pick<AllocationRequest, 'excluded' | 'groups' | 'minimums'>

/**
 * The rules as a request names them: tensor by tensor. Of several minimums for a tensor the one with the most bits counts.
 *
 * @param bitsOf bits per weight of a format
 */
export function ruleRequest(
  rules: readonly PlanRule[],
  tensors: readonly Tensor[],
  bitsOf: (format: string) => number,
): RuleRequest {
  const excluded = new Set<string>()
  const groups: (readonly string[])[] = []
  const minimums: Record<string, string> = {}
  for (const rule of rules) {
    const names = scopeMembers(rule.scope, tensors)
    if (rule.kind === 'keep') for (const name of names) excluded.add(name)
    else if (rule.kind === 'share') groups.push(names)
    else raiseMinimums(minimums, names, rule.format, bitsOf)
  }
  return { excluded: [...excluded], groups: groups.filter((group) => group.length > 1), minimums }
}

function raiseMinimums(
  minimums: Record<string, string>,
  names: readonly string[],
  format: string,
  bitsOf: (format: string) => number,
): void {
  for (const name of names) {
    const before = minimums[name]
    if (before === undefined || bitsOf(before) < bitsOf(format)) minimums[name] = format
  }
}

/** Factors by role as factors by tensor; a factor of 1 is not named. */
export function tensorMultipliers(
  byRole: Readonly<Record<string, number>>,
  tensors: readonly Tensor[],
): Readonly<Record<string, number>> {
  if (Object.keys(byRole).length === 0) return {}
  const named = tensors.flatMap((tensor): [string, number][] => {
    const factor = tensor.quantizable ? (byRole[tensor.role] ?? 1) : 1
    return factor === 1 ? [] : [[tensor.name, factor]]
  })
  return Object.fromEntries(named)
}
