/**
 * Exact weighted least squares of `x ~ scale * code + minimum` with whole codes 0 ... steps.
 *
 * With u = 1 / scale and v = minimum / scale, value i changes its nearest code from k - 1 to k on the line
 * `x_i u - v = k - 1/2`. The lines divide the half plane u > 0 into cells with one code vector each; u < 0 mirrors
 * it (codes to steps - codes). Of each code vector, regression gives the best scale and minimum, so the optimum
 * is the best of all cells.
 *
 * Every cell is seen from the line above it: with growing v, at constant u, some code of the cell drops first,
 * unless all are 0. So each line is walked from u = 0 on and gives the cell on the side where its value has the
 * code k. On the line of value p, value j passes a line of its own wherever u |x_j - x_p| is whole, whatever k
 * is: the order of these events is found once for all lines of p, and each changes one code by one.
 *
 * Work: steps * N (N - 1) * steps / 2 events, each of O(1), and N^3 * steps comparisons to order them.
 */

export interface AffineFit {
  readonly scale: number
  readonly minimum: number
  /** `sum w (x - scale * code - minimum)^2`, summed in the order of the values. */
  readonly error: number
  /** u8[N], 0 ... steps. */
  readonly codes: Uint8Array
}

/** Different values that count, ascending, with the sum of the weights of each. */
interface Points {
  readonly values: Float64Array
  readonly weights: Float64Array
  readonly totalWeight: number
}

/** What happens along the lines of one value, in the order of u. */
interface Events {
  /** The point whose code changes. */
  readonly points: Uint16Array
  /** The how manieth change of that point it is, from 1. */
  readonly turns: Uint16Array
  count: number
}

/** A cell: the line below which it lies, and how many events of its value come before it. */
interface Cell {
  readonly pivot: number
  readonly level: number
  readonly events: number
}

/**
 * The best real-valued scale and minimum, and codes to them.
 *
 * Exact but for the rounding of doubles in the sums that compare cells (some 1e-13 of the sum of squares). Where no
 * weight is above 0, or all values that count are the same, scale and codes are 0.
 *
 * @param x     N finite values
 * @param w     N finite non-negative weights of their squared errors; only the first N are read
 * @param steps highest code, at least 1 and below 256
 */
export function exactAffine(x: ArrayLike<number>, w: ArrayLike<number>, steps: number): AffineFit {
  const points = distinctPoints(x, w)
  const { values, weights, totalWeight } = points
  if (values.length === 0) return fitOf(x, w, steps, 0, 0)
  const mean = weightedSum(values, weights) / totalWeight
  if (values.length === 1) return fitOf(x, w, steps, 0, values[0] as number)
  const centred = { values: values.map((value) => value - mean), weights, totalWeight }
  const cell = bestCell(centred, steps)
  const { scale, minimum } = regression(centred, codesOf(centred, cell, steps))
  return fitOf(x, w, steps, scale, minimum + mean)
}

function distinctPoints(x: ArrayLike<number>, w: ArrayLike<number>): Points {
  const counted = Array.from(x, (_, i) => i).filter((i) => (w[i] as number) > 0)
  counted.sort((a, b) => (x[a] as number) - (x[b] as number))
  // Only ratios of weights matter, and squares of the largest must not overflow.
  const largest = counted.reduce((most, i) => Math.max(most, w[i] as number), 0)
  const values: number[] = []
  const weights: number[] = []
  for (const i of counted) {
    const weight = (w[i] as number) / largest
    if (values.at(-1) === x[i]) weights.push((weights.pop() as number) + weight)
    else {
      values.push(x[i] as number)
      weights.push(weight)
    }
  }
  return {
    values: Float64Array.from(values),
    weights: Float64Array.from(weights),
    totalWeight: weights.reduce((sum, weight) => sum + weight, 0),
  }
}

function weightedSum(values: Float64Array, weights: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i += 1) sum += (weights[i] as number) * (values[i] as number)
  return sum
}

function bestCell(points: Points, steps: number): Cell {
  const events = noEvents(points, steps)
  const sweep = new LineSweep(points, steps)
  for (let pivot = 0; pivot < points.values.length; pivot += 1) {
    orderEvents(points.values, pivot, steps, events)
    sweep.walk(events, pivot)
  }
  return sweep.best
}

function noEvents({ values }: Pick<Points, 'values'>, steps: number): Events {
  const most = values.length * steps
  return { points: new Uint16Array(most), turns: new Uint16Array(most), count: 0 }
}

/** Merges the series `turn / |x_j - x_p|` of all points; of equal ones, that of the smaller value comes first. */
function orderEvents(values: Float64Array, pivot: number, steps: number, events: Events): void {
  const distances = values.map((value) => Math.abs(value - (values[pivot] as number)))
  const next = distances.map((distance) => 1 / distance)
  const turns = new Uint16Array(values.length).fill(1)
  // Distances from 0 give no event: the pivot's own, and those whose inverse is out of range.
  events.count = 0
  for (;;) {
    let first = -1
    let least = Infinity
    for (let j = 0; j < next.length; j += 1) {
      if ((next[j] as number) < least) {
        least = next[j] as number
        first = j
      }
    }
    if (first < 0) return
    const turn = turns[first] as number
    events.points[events.count] = first
    events.turns[events.count] = turn
    events.count += 1
    turns[first] = turn + 1
    next[first] = turn === steps ? Infinity : (turn + 1) / (distances[first] as number)
  }
}

/**
 * Walks all lines of one value side by side, and keeps the cell that takes most off the error.
 *
 * A code vector takes off `(sum w x q)^2 / sum w (q - mean q)^2` where x has mean 0. Codes are counted from the
 * line's level: so an event adds the same to the sums of every line, unless the code is at its end already.
 */
class LineSweep {
  best: Cell = { pivot: 0, level: 1, events: 0 }
  private product = 0
  private spread = 1
  private readonly codeSums: Float64Array
  private readonly codeSquares: Float64Array
  private readonly products: Float64Array
  private readonly points: Points
  private readonly steps: number

  constructor(points: Points, steps: number) {
    this.points = points
    this.steps = steps
    this.codeSums = new Float64Array(steps + 1)
    this.codeSquares = new Float64Array(steps + 1)
    this.products = new Float64Array(steps + 1)
  }

  walk(events: Events, pivot: number): void {
    const { steps } = this
    const { values, weights } = this.points
    this.start(pivot)
    this.advance(pivot, 0, 1, steps, 0, 0, 0)
    for (let at = 0; at < events.count; at += 1) {
      const j = events.points[at] as number
      const turn = events.turns[at] as number
      const weight = weights[j] as number
      const product = weight * (values[j] as number)
      if (j > pivot) this.advance(pivot, at + 1, 1, steps - turn, weight, weight * (2 * turn - 1), product)
      else this.advance(pivot, at + 1, turn + 1, steps, -weight, weight * (2 * turn + 1), -product)
    }
  }

  /** Values below the pivot have one code less than the level. */
  private start(pivot: number): void {
    const { values, weights } = this.points
    let below = 0
    let products = 0
    for (let j = 0; j < pivot; j += 1) {
      below += weights[j] as number
      products += (weights[j] as number) * (values[j] as number)
    }
    this.codeSums.fill(-below)
    this.codeSquares.fill(below)
    this.products.fill(-products)
  }

  /** Adds to the sums of the lines of level `from ... to`, and compares the cells that are reached. */
  private advance(
    pivot: number,
    events: number,
    from: number,
    to: number,
    code: number,
    square: number,
    product: number,
  ): void {
    const { codeSums, codeSquares, products } = this
    const inverse = 1 / this.points.totalWeight
    for (let level = from; level <= to; level += 1) {
      const codeSum = (codeSums[level] as number) + code
      const squares = (codeSquares[level] as number) + square
      const sum = (products[level] as number) + product
      codeSums[level] = codeSum
      codeSquares[level] = squares
      products[level] = sum
      const spread = squares - codeSum * codeSum * inverse
      if (sum * sum * this.spread > this.product * spread && spread > 0) {
        this.best = { pivot, level, events }
        this.product = sum * sum
        this.spread = spread
      }
    }
  }
}

function codesOf({ values }: Points, { pivot, level, events }: Cell, steps: number): Uint8Array {
  const order = noEvents({ values }, steps)
  orderEvents(values, pivot, steps, order)
  const codes = Uint8Array.from(values, (_, j) => (j < pivot ? level - 1 : level))
  for (const j of order.points.subarray(0, events)) {
    if (j > pivot) codes[j] = Math.min(steps, (codes[j] as number) + 1)
    else codes[j] = Math.max(0, (codes[j] as number) - 1)
  }
  return codes
}

/** Scale and minimum by least squares, for values of mean 0. */
function regression({ values, weights, totalWeight }: Points, codes: Uint8Array) {
  let mean = 0
  for (let j = 0; j < codes.length; j += 1) mean += (weights[j] as number) * (codes[j] as number)
  mean /= totalWeight
  let products = 0
  let spread = 0
  for (let j = 0; j < codes.length; j += 1) {
    const code = (codes[j] as number) - mean
    products += (weights[j] as number) * code * (values[j] as number)
    spread += (weights[j] as number) * code * code
  }
  const scale = products / spread
  return { scale, minimum: -scale * mean }
}

function fitOf(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  steps: number,
  scale: number,
  minimum: number,
): AffineFit {
  const codes = new Uint8Array(x.length)
  let sum = 0
  for (let i = 0; i < x.length; i += 1) {
    const value = x[i] as number
    let code = 0
    while (code < steps && value - minimum > scale * (code + 0.5)) code += 1
    if (scale === 0) code = 0
    codes[i] = code
    const error = value - (scale * code + minimum)
    sum += (w[i] as number) * (error * error)
  }
  return { scale, minimum, error: sum, codes }
}
