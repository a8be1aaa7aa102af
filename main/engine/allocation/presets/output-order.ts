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

/**
 * The tensors in the order in which llama-quantize treats them: by the number behind a leading `blk.`, those without
 * first, then by name.
 *
 * @see llama-model-loader.h, weight_name_comparer
 */
export function outputOrder({ tensors, architecture }: Model): OutputTensor[] {
  const named = tensors.map((tensor) => ({ tensor, ...parseTensorName(tensor.name, architecture) }))
  const groups = Map.groupBy(named, ({ canonicalName }) => canonicalName)
  const found = [...groups].map(([name, parts]): OutputTensor => {
    const [first, ...rest] = parts as [(typeof parts)[number], ...typeof parts]
    return {
      name,
      parts: [first.tensor, ...rest.map(({ tensor }) => tensor)],
      isStack: (first.tensor.shape[2] ?? 1) > 1 || rest.length > 0,
    }
  })
  return found.sort((a, b) => blockNumber(a.name) - blockNumber(b.name) || (a.name < b.name ? -1 : 1))
}

/** The number behind a leading `blk.`; -1 where there is none. */
export function blockNumber(name: string): number {
  const digits = /^blk\.(\d+)\./.exec(name)?.[1]
  return digits === undefined ? -1 : Number(digits)
}
