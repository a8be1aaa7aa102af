/**
 * Collects items and hands them over together, at most once per interval.
 *
 * Whoever computes from them (heatmap, ranks, tables of 20,000 rows) needs its time between two deliveries.
 */
export function pacedBatch<T>(deliver: (items: readonly T[]) => void, intervalMs = 200): (item: T) => void {
  let queue: T[] = []

  function flush(): void {
    const items = queue
    queue = []
    deliver(items)
  }

  return (item) => {
    queue.push(item)
    if (queue.length === 1) setTimeout(flush, intervalMs)
  }
}
