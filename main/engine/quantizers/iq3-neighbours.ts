/**
 * The neighbours of codes of IQ3_XXS and IQ3_S that are no grid point: which of them is nearest under a scale.
 *
 * Codes that stay the same under several trial scales have the same neighbours, and most of those are excluded for
 * all of these scales at once. The squared error of magnitudes l under scale s is
 *     sum w (s l - x)^2 = sum w x^2 + s (s sum w l^2 - sum 2 w x l) = constant + s * line(s)
 * and a line that lies above another one under the first and the last scale does so in between. What is not above the
 * line of the first scale's best, and not above that of the last scale's best, remains: two or three of ten.
 *
 * Above means by a margin that covers the rounding of the errors that ggml computes in single precision. With
 * magnitudes up to 15 that is less than 10 roundings of 2^-24 of S = sum w (15 s + |x|)^2: two of the difference, which
 * is squared, two of the products and three of the sums. Lines that are farther apart than 20 * 2^-24 S / s belong to
 * errors in the same order; the code takes 64 for 20.
 */
const { abs, fround } = Math

const GROUP = 4
const LARGEST_MAGNITUDE = 15
const FLOAT_MAX = (2 - 2 ** -23) * 2 ** 127

/** The four weights from an index on: magnitudes, and the weights of their errors, in single precision. */
export interface Group {
  values: Float32Array
  weights: Float32Array
  at: number
}

/** Lines of all neighbours under the first and the last scale. */
const firstLines = new Float64Array(64)
const lastLines = new Float64Array(64)

/**
 * What lines of a group must be apart to exclude a neighbour, for scales between two: infinite where errors may
 * overflow. Products that underflow add less than the constant.
 */
export function marginOf(group: Group, smallestScale: number, largestScale: number): number {
  let sum = 0
  for (let i = group.at; i < group.at + GROUP; i += 1) {
    const reach = LARGEST_MAGNITUDE * largestScale + abs(group.values[i] as number)
    sum += (group.weights[i] as number) * reach * reach
  }
  return sum < 2 ** 100 ? (64 * 2 ** -24 * sum + 2 ** -100) / smallestScale : Infinity
}

/**
 * Copies to `remaining`, in order, the neighbours that may be nearest under a scale between the first and the last.
 *
 * @param magnitudes of all grid points
 * @returns how many
 */
export function excludeNeighbours(
  neighbours: Uint16Array,
  magnitudes: Float32Array,
  group: Group,
  firstScale: number,
  lastScale: number,
  margin: number,
  remaining: Uint16Array,
): number {
  measureLines(neighbours, magnitudes, group, firstScale, lastScale)
  const a = placeOfSmallest(firstLines, neighbours.length)
  const b = placeOfSmallest(lastLines, neighbours.length)
  const limitFirst = (firstLines[a] as number) + margin
  const limitLast = (lastLines[b] as number) + margin
  const crossingLast = (lastLines[a] as number) + margin
  const crossingFirst = (firstLines[b] as number) + margin
  let count = 0
  for (let i = 0; i < neighbours.length; i += 1) {
    const first = firstLines[i] as number
    const last = lastLines[i] as number
    const excluded =
      (first > limitFirst && last > crossingLast) || (first > crossingFirst && last > limitLast)
    if (excluded) continue
    remaining[count] = neighbours[i] as number
    count += 1
  }
  return count
}

function measureLines(
  neighbours: Uint16Array,
  magnitudes: Float32Array,
  group: Group,
  firstScale: number,
  lastScale: number,
): void {
  const { values, weights, at } = group
  const w0 = weights[at] as number
  const w1 = weights[at + 1] as number
  const w2 = weights[at + 2] as number
  const w3 = weights[at + 3] as number
  const p0 = 2 * w0 * (values[at] as number)
  const p1 = 2 * w1 * (values[at + 1] as number)
  const p2 = 2 * w2 * (values[at + 2] as number)
  const p3 = 2 * w3 * (values[at + 3] as number)
  for (let place = 0; place < neighbours.length; place += 1) {
    const from = GROUP * (neighbours[place] as number)
    const m0 = magnitudes[from] as number
    const m1 = magnitudes[from + 1] as number
    const m2 = magnitudes[from + 2] as number
    const m3 = magnitudes[from + 3] as number
    const slope = w0 * m0 * m0 + w1 * m1 * m1 + w2 * m2 * m2 + w3 * m3 * m3
    const offset = p0 * m0 + p1 * m1 + p2 * m2 + p3 * m3
    firstLines[place] = firstScale * slope - offset
    lastLines[place] = lastScale * slope - offset
  }
}

function placeOfSmallest(lines: Float64Array, count: number): number {
  let place = 0
  for (let i = 1; i < count; i += 1) if ((lines[i] as number) < (lines[place] as number)) place = i
  return place
}

/**
 * The neighbour with the smallest weighted squared error in single precision, the first of equals. Where all errors
 * overflow, which ends the process in ggml, it is `fallback`.
 *
 * @see ggml-quants.c, iq3_find_best_neighbour
 */
export function nearestOf(
  neighbours: Uint16Array,
  count: number,
  magnitudes: Float32Array,
  group: Group,
  scale: number,
  fallback: number,
): number {
  const { values, weights, at } = group
  const x0 = values[at] as number
  const x1 = values[at + 1] as number
  const x2 = values[at + 2] as number
  const x3 = values[at + 3] as number
  const w0 = weights[at] as number
  const w1 = weights[at + 1] as number
  const w2 = weights[at + 2] as number
  const w3 = weights[at + 3] as number
  let least = FLOAT_MAX
  let nearest = fallback
  for (let place = 0; place < count; place += 1) {
    const from = GROUP * (neighbours[place] as number)
    const d0 = fround(fround(scale * (magnitudes[from] as number)) - x0)
    const d1 = fround(fround(scale * (magnitudes[from + 1] as number)) - x1)
    const d2 = fround(fround(scale * (magnitudes[from + 2] as number)) - x2)
    const d3 = fround(fround(scale * (magnitudes[from + 3] as number)) - x3)
    let error = fround(fround(w0 * d0) * d0)
    error = fround(error + fround(fround(w1 * d1) * d1))
    error = fround(error + fround(fround(w2 * d2) * d2))
    error = fround(error + fround(fround(w3 * d3) * d3))
    if (error < least) {
      least = error
      nearest = neighbours[place] as number
    }
  }
  return nearest
}
