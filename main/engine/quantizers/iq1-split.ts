/**
 * Splits of a sub-block of IQ1_S or IQ1_M: its values sorted, the lowest get code 0, those up to a second place code
 * 1, the others 2. Every split is compared with every shift; sums up to a place give its least-squares fit.
 *
 * Fits are compared in single precision, in the order of ggml's source. That is slow, so splits whose score is far
 * below one that is known are left out, by their sums in double precision.
 *
 * That changes nothing. Comparisons may go either way where two scores differ by less than their roundings (1e-6).
 * The scores between 31/32 and 499/500 of the best one have room for more gaps wider than that than there are splits
 * (1122 at most), so there is a gap without a split in it. Any split above the gap beats any below, and the first
 * one above it is taken whatever was taken before: those below never show in the result.
 *
 * The sums in double precision are near enough. With M the largest magnitude among sums of w x up to a place and V
 * the sum of all weights, cutting where the sign changes scores at least 0.6 M M / V. A split near the best one thus
 * has sums above M / 11 and V / 65, and the roundings in them, below 2^-19 M and 2^-19 V, are a ten-thousandth.
 *
 * @see ggml-quants.c: quantize_row_iq1_s_impl, quantize_row_iq1_m_impl
 */
const { fround } = Math

const LARGEST_FLOAT = fround(3.4028235e38)
/** Scores and weights in this range keep all sums and their products from where single precision ends. */
const SMALLEST = 1e-15
const LARGEST = 1e15

/** The best split so far: sorted values [0, first) have code 0, [first, second) 1, the others 2. */
export const split = { scale: 0.5, score: 0.5, first: -1, second: -1, shifts: 0 }

/**
 * Before the first comparison, which every split wins whose sums are finite and not both 0.
 *
 * @param known      a score that some split reaches: products^2 / squares
 * @param allWeights sum of all w
 * @returns score below which splits need not be compared
 */
export function startSplits(known: number, allWeights: number): number {
  split.scale = 0.5
  split.score = -LARGEST_FLOAT
  split.first = -1
  const trusted = known > SMALLEST && known < LARGEST && allWeights > SMALLEST && allWeights < LARGEST
  return trusted ? known * (31 / 32) : -Infinity
}

/** Whether a split with these sums scores below the floor. */
export function isBelow(floor: number, products: number, squares: number): boolean {
  return products * products < floor * squares
}

/** Takes the split if least squares with its sums, w q x and w q q, leave a smaller error than the best one. */
export function compareSplit(
  products: number,
  squares: number,
  first: number,
  second: number,
  shifts: number,
): void {
  if (!(squares > 0 && fround(products * products) > fround(split.score * squares))) return
  split.scale = fround(products / squares)
  split.score = fround(split.scale * products)
  split.first = first
  split.second = second
  split.shifts = shifts
}

/**
 * Numbers of the values from smallest to largest.
 *
 * Equal values, 0 and -0 among them, keep their order: ggml calls qsort and compares values only, and for such
 * short arrays that of glibc is a merge sort.
 *
 * @param order u8[count], written
 */
export function sortValues(x: Float32Array, at: number, count: number, order: Uint8Array): void {
  for (let i = 0; i < count; i += 1) {
    const value = x[at + i] as number
    let place = i
    for (; place > 0; place -= 1) {
      const before = order[place - 1] as number
      if (!((x[at + before] as number) > value)) break
      order[place] = before
    }
    order[place] = i
  }
}

/** Codes of {@link split}, mirrored where its scale is negative. */
export function writeSplitCodes(order: Uint8Array, codes: Uint8Array): void {
  const low = split.scale < 0 ? 2 : 0
  for (let place = 0; place < order.length; place += 1) {
    codes[order[place] as number] = place < split.first ? low : place < split.second ? 1 : 2 - low
  }
}
