/** Spearman's rank correlation: the linear correlation of ranks; equal values share the mean of their ranks. */
export function rankCorrelation(first: readonly number[], second: readonly number[]): number {
  const [a, b] = [ranks(first), ranks(second)]
  const middle = (first.length - 1) / 2
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, rank, index) => sum + (rank - middle) * ((y[index] ?? 0) - middle), 0)
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b))
}

function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length
    const equal = values.filter((other) => other === value).length
    return below + (equal - 1) / 2
  })
}
