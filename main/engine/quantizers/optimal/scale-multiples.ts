/**
 * The lowest lines of a sub-block under d, where its scale is d times one of a few multiples.
 *
 * Its error f(t) falls from t = 0 to the first place where it begins to rise, and rises from the last place where it
 * ceases to fall. Where d times the next larger multiple still lies in the first range, that one is better; where d
 * times the next smaller one already lies in the last, that one is. So each multiple has a window of t outside of
 * which its lines are lowest nowhere, and most lines are in the windows of few multiples.
 */
import type { LineEnvelope } from './line-envelope.ts'

/**
 * Fills `out` with the lowest lines under d, each labelled by the place of its multiple.
 *
 * @param lines     of the sub-block under a scale of its own
 * @param multiples positive, ascending
 * @param tail      is overwritten; as large as `out`, which has room for all lines with all multiples
 */
export function uniteMultiples(
  lines: LineEnvelope,
  multiples: readonly number[],
  out: LineEnvelope,
  tail: LineEnvelope,
): void {
  const firstRise = findFirstRise(lines)
  const lastFall = findLastFall(lines)
  out.clear()
  for (let code = multiples.length - 1; code >= 0; code -= 1) {
    const multiple = multiples[code] as number
    const lowest = firstRise * (multiple / (multiples[code + 1] ?? Infinity))
    const highest = lastFall * (multiple / (multiples[code - 1] ?? 0))
    let from = 0
    while (from + 1 < lines.count && (lines.starts[from + 1] as number) <= lowest) from += 1
    let to = from + 1
    while (to < lines.count && (lines.starts[to] as number) < highest) to += 1
    out.merge(lines, from, to, multiple, code, tail)
  }
}

/** Up to where the error falls; 0 if that cannot be told. */
function findFirstRise(lines: LineEnvelope): number {
  let i = 0
  while (i + 1 < lines.count && leastErrorAt(lines, i) >= (lines.starts[i + 1] as number)) i += 1
  const least = leastErrorAt(lines, i)
  return least > 0 ? least : 0
}

/** From where on the error rises; Infinity if that cannot be told. */
function findLastFall(lines: LineEnvelope): number {
  let i = lines.count - 1
  while (i > 0 && leastErrorAt(lines, i) <= (lines.starts[i] as number)) i -= 1
  const least = leastErrorAt(lines, i)
  return least > 0 ? least : Infinity
}

/** The scale under which the levels of a line have the least error. */
function leastErrorAt(lines: LineEnvelope, i: number): number {
  return (lines.offsets[i] as number) / (2 * (lines.slopes[i] as number))
}
