import type { Model } from '../../formats/model.ts'
import { parseTensorName } from '../../tensor/tensor-name.ts'
import type { Tensor } from '../../tensor/tensor.ts'

/** A tensor of the file that llama.cpp would read: experts that are stored one by one are one stack there. */
export interface OutputTensor {
  /** GGUF spelling. */
  readonly name: string
  /** What of the opened model it is made of. */
  readonly parts: readonly [Tensor, ...Tensor[]]
  /** It has a third dimension. */
  readonly isStack: boolean
}

/** Every preset asks for the order of the same tensors. */
const known = new WeakMap<Model['tensors'], readonly OutputTensor[]>()

/**
 * The tensors in the order in which llama-quantize treats them: by the number behind a leading `blk.`, those without
 * first, then by name.
 *
 * @see llama-model-loader.h, weight_name_comparer
 */
export function outputOrder(model: Model): readonly OutputTensor[] {
  const order = known.get(model.tensors) ?? sortTensors(model)
  known.set(model.tensors, order)
  return order
}

function sortTensors({ tensors, architecture }: Model): readonly OutputTensor[] {
  const groups = Map.groupBy(tensors, ({ name }) => parseTensorName(name, architecture).canonicalName)
  const found = [...groups].map(([name, parts]) => ({
    block: blockNumber(name),
    tensor: outputTensor(name, parts),
  }))
  found.sort((a, b) => a.block - b.block || (a.tensor.name < b.tensor.name ? -1 : 1))
  return found.map(({ tensor }) => tensor)
}

function outputTensor(name: string, tensors: readonly Tensor[]): OutputTensor {
  const parts = tensors as OutputTensor['parts']
  return { name, parts, isStack: (parts[0].shape[2] ?? 1) > 1 || parts.length > 1 }
}

/** The number behind a leading `blk.`; -1 where there is none. */
export function blockNumber(name: string): number {
  const digits = /^blk\.(\d+)\./.exec(name)?.[1]
  return digits === undefined ? -1 : Number(digits)
}
