import type { Tensor } from '../../../preload/contract.ts'

/** Which tensors a bulk change reaches: `selected`, `filtered`, `all`, `role:attn_v`, `layer:3`. */
export type Scope = string

export interface ScopeSource {
  readonly tensors: readonly Tensor[]
  readonly selected: readonly string[]
  /** What the table shows at the moment. */
  readonly filtered: readonly string[]
}

/** Names of the quantizable tensors a scope reaches. */
export function scopeNames(scope: Scope, source: ScopeSource): readonly string[] {
  const quantizable = source.tensors.filter((tensor) => tensor.quantizable)
  const [kind, value] = scope.split(':') as [string, string | undefined]
  if (kind === 'selected' || kind === 'filtered') {
    const wanted = new Set(kind === 'selected' ? source.selected : source.filtered)
    return quantizable.filter((tensor) => wanted.has(tensor.name)).map((tensor) => tensor.name)
  }
  return quantizable
    .filter((tensor) => kind !== 'role' || tensor.role === value)
    .filter((tensor) => kind !== 'layer' || String(tensor.layer) === value)
    .map((tensor) => tensor.name)
}

export interface ScopeGroup {
  readonly label: string
  readonly scopes: readonly { readonly value: Scope; readonly label: string }[]
}

/** Every scope a model offers. */
export function scopeGroups(tensors: readonly Tensor[]): readonly ScopeGroup[] {
  const quantizable = tensors.filter((tensor) => tensor.quantizable)
  const roles = [...new Set(quantizable.map((tensor) => tensor.role))]
  const layers = [...new Set(quantizable.flatMap((tensor) => tensor.layer ?? []))].sort((a, b) => a - b)
  return [
    {
      label: 'Tensors',
      scopes: [
        { value: 'selected', label: 'the selected tensors' },
        { value: 'filtered', label: 'the tensors in the table' },
        { value: 'all', label: 'all tensors' },
      ],
    },
    { label: 'Role', scopes: roles.map((role) => ({ value: `role:${role}`, label: role })) },
    { label: 'Layer', scopes: layers.map((layer) => ({ value: `layer:${layer}`, label: `layer ${layer}` })) },
  ]
}
