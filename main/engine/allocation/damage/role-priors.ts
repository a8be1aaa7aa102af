import type { Model } from '../../formats/model.ts'
import { weightCount } from '../../tensor/tensor.ts'

/** Sensitivity of a quantizable tensor by its role and size; a stated guess, in no unit. */
export function rolePriors(model: Pick<Model, 'tensors'>): ReadonlyMap<string, number> {
  const tensors = model.tensors.filter((tensor) => tensor.quantizable)
  return new Map(tensors.map((tensor) => [tensor.name, weightCount(tensor)]))
}
