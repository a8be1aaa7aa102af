import type { Tensor } from '../../engine/tensor/tensor.ts'

/**
 * The order that tells most soonest: layers spread over the whole depth first (first, middle, quarters, ...), so that
 * a heatmap shows its trend long before it is full; within a layer the file's order. Global tensors come last: they
 * are the largest, and one each.
 */
export function coarseToFine<T extends { readonly tensor: Tensor }>(items: readonly T[]): T[] {
  const layers = [...new Set(items.map((item) => item.tensor.layer).filter((layer) => layer !== null))]
  const ranks = new Map(
    layers.toSorted((a, b) => a - b).map((layer, index) => [layer, reversedBits(index, layers.length)]),
  )
  const rank = ({ tensor }: T): number =>
    tensor.layer === null ? Infinity : (ranks.get(tensor.layer) ?? Infinity)
  return items.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}

/** The index with its bits in reverse order, as a fraction of the next power of two; 0, 1/2, 1/4, 3/4, ... */
function reversedBits(index: number, count: number): number {
  const bits = Math.max(1, Math.ceil(Math.log2(count)))
  let reversed = 0
  for (let bit = 0; bit < bits; bit += 1) if (index & (1 << bit)) reversed |= 1 << (bits - 1 - bit)
  return reversed
}
