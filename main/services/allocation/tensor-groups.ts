import { storedType } from '../../engine/quantizers/registry.ts'
import { parseTensorName } from '../../engine/tensor/tensor-name.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import { tensorOf } from '../library/library.ts'
import type { OpenedModel } from '../library/library.ts'

/** Whether a plan may give a tensor another format. */
export function isChangeable(tensor: Tensor): boolean {
  return tensor.quantizable && storedType(tensor.type) !== undefined && weightCount(tensor) > 0
}

/**
 * The tensors that a plan may change, in groups that must get the same format: those asked for, and the experts of one role
 * and layer where each is a tensor of its own, for runtimes stack them. A tensor of no group is alone in one.
 *
 * Groups that share a tensor are one. Tensors that are never changed have no say in a group.
 *
 * @returns in the model's order, by first tensor
 * @throws QuantaloupeError `UNKNOWN_TENSOR`
 */
export function tensorGroups(
  opened: OpenedModel,
  requested: readonly (readonly string[])[],
): (readonly Tensor[])[] {
  const changeable = opened.model.tensors.filter(isChangeable)
  const sets = new DisjointSets()
  for (const names of [...requested, ...expertGroups(opened, changeable)]) {
    const members = names.filter((name) => isChangeable(tensorOf(opened, name)))
    for (const name of members) sets.join(members[0] ?? name, name)
  }
  return [...Map.groupBy(changeable, ({ name }) => sets.representative(name)).values()]
}

function expertGroups({ model }: OpenedModel, changeable: readonly Tensor[]): string[][] {
  const experts = changeable.filter(({ name }) => parseTensorName(name, model.architecture).expert !== null)
  const groups = Map.groupBy(experts, ({ layer, role }) => `${layer} ${role}`)
  return [...groups.values()].map((group) => group.map(({ name }) => name))
}

/** Names that were joined, directly or through others, have the same representative. */
class DisjointSets {
  readonly #parents = new Map<string, string>()

  representative(name: string): string {
    const parent = this.#parents.get(name)
    if (parent === undefined) return name
    const found = this.representative(parent)
    this.#parents.set(name, found)
    return found
  }

  join(a: string, b: string): void {
    const [one, other] = [this.representative(a), this.representative(b)]
    if (one !== other) this.#parents.set(other, one)
  }
}
