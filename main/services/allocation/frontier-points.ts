import type { FrontierPoint } from '../../../preload/contract.ts'
import type { PreparedProblem } from './prepared-problem.ts'

/** More points than a chart has pixels. */
const MOST_POINTS = 2000

/** The frontier as exact file sizes; a long one is thinned evenly, its ends stay. */
export function frontierPoints(problem: PreparedProblem): FrontierPoint[] {
  const frontier = problem.frontier('paddedBytes')
  const kept = thinned(frontier.points.length)
  const headers = headerBytesAt(problem, kept)
  const fixed = { padded: problem.fixedBytes('paddedBytes'), plain: problem.fixedBytes('bytes') }
  return kept.map((index, place) => {
    const { bytes, damage } = frontier.points[index] ?? { bytes: 0, damage: 0 }
    const plain = fixed.plain + (problem.isPadded ? plainBytes(problem, index) : bytes)
    return {
      fileBytes: (headers[place] ?? 0) + fixed.padded + bytes,
      bpw: problem.weights === 0 ? 0 : (plain * 8) / problem.weights,
      damage,
    }
  })
}

function thinned(count: number): number[] {
  if (count <= MOST_POINTS) return Array.from({ length: count }, (_, index) => index)
  const step = (count - 1) / (MOST_POINTS - 1)
  return Array.from({ length: MOST_POINTS }, (_, index) => Math.round(index * step))
}

function plainBytes(problem: PreparedProblem, point: number): number {
  const choices = problem.frontier('paddedBytes').choicesAt(point)
  return problem.candidates(choices).reduce((sum, { bytes }) => sum + bytes, 0)
}

/**
 * Header of every kept point. It changes once or twice along a frontier, if at all, so that points between two with equal
 * headers are taken to have the same.
 */
function headerBytesAt(problem: PreparedProblem, kept: readonly number[]): number[] {
  const frontier = problem.frontier('paddedBytes')
  const headers = new Array<number>(kept.length)
  const measure = (place: number): number =>
    (headers[place] ??= problem.headerBytes(frontier.choicesAt(kept[place] ?? 0)))
  const fill = (from: number, to: number): void => {
    if (to - from < 2) return
    if (measure(from) === measure(to)) {
      headers.fill(measure(from), from + 1, to)
      return
    }
    const middle = (from + to) >> 1
    measure(middle)
    fill(from, middle)
    fill(middle, to)
  }
  measure(0)
  measure(kept.length - 1)
  fill(0, kept.length - 1)
  return headers
}
