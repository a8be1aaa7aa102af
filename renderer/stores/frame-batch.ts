/**
 * Collects items and hands them over together, at most once per frame.
 *
 * A hidden window draws no frames; the time limit keeps the queue short there.
 */
export function frameBatch<T>(deliver: (items: readonly T[]) => void, limitMs = 250): (item: T) => void {
  let queue: T[] = []
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function flush(): void {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    const items = queue
    queue = []
    deliver(items)
  }

  return (item) => {
    queue.push(item)
    if (queue.length > 1) return
    frame = requestAnimationFrame(flush)
    timer = setTimeout(flush, limitMs)
  }
}
