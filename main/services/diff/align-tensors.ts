import type { TensorPair } from '../../../preload/contract.ts'
import type { Model } from '../../engine/formats/model.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'

export type TensorSide = NonNullable<TensorPair['a']>

/** The tensors of one name in two models. */
export interface AlignedTensors {
  readonly name: string
  readonly a: Tensor | null
  readonly b: Tensor | null
}

/** Aligned by name: A's order, then what only B has. */
export function alignTensors(a: Model, b: Model): AlignedTensors[] {
  const others = new Map(b.tensors.map((tensor) => [tensor.name, tensor]))
  const names = new Set(a.tensors.map((tensor) => tensor.name))
  const added = b.tensors.filter((tensor) => !names.has(tensor.name))
  return [
    ...a.tensors.map((tensor) => ({ name: tensor.name, a: tensor, b: others.get(tensor.name) ?? null })),
    ...added.map((tensor) => ({ name: tensor.name, a: null, b: tensor })),
  ]
}

/** Without what only this side needs to read them. */
export function describePair({ name, a, b }: AlignedTensors): TensorPair {
  return { name, a: a && side(a), b: b && side(b) }
}

function side({ type, shape, bytes }: Tensor): TensorSide {
  return { type, shape, bytes }
}
