/**
 * Splits of a sub-block of IQ1_S or IQ1_M: its values sorted, the lowest get code 0, those up to a second place code
 * 1, the others 2. Every split is tried with every shift, and sums up to a place give its least-squares fit.
 *
 * Fits are compared in single precision, in the order of ggml's source. That is slow, and most splits lose clearly:
 * sums in double precision, whose distance from the single-precision ones is bounded, rule those out first.
 *
 * @see ggml-quants.c: quantize_row_iq1_s_impl, quantize_row_iq1_m_impl
 */
const { abs, fround } = Math

const LARGEST_FLOAT = fround(3.4028235e38)
/** Sums in this range are far from where single precision underflows or overflows. */
const SMALLEST = 1e-30
const LARGEST = 1e30
/** Products of two sums above this are normal numbers. */
const SMALLEST_PRODUCT = 1e-36
/** Two roundings of either side of a comparison, and some more. */
const MARGIN = 1 + 2 ** -20

/** The best split so far: sorted values [0, first) have code 0, [first, second) 1, the others 2. */
export const split = { scale: 0.5, score: 0.5, first: -1, second: -1, shifts: 0 }

/** How far single-precision sums may be from exact ones; `trusted` where that is known. */
const slack = { products: 0.5, squares: 0.5, trusted: false }

/**
 * Before the first comparison, which every split wins whose sums are finite and not both 0.
 *
 * @param products largest magnitude among the sums of w x up to a place
 * @param squares  sum of all w
 */
export function startSplits(products: number, squares: number): void {
  split.scale = 0.5
  split.score = -LARGEST_FLOAT
  split.first = -1
  // A split's sums are made of at most ten terms below 4 products (2 squares): less than 32 roundings of 2^-24.
  slack.products = products * 2 ** -19
  slack.squares = squares * 2 ** -19
  slack.trusted = products > SMALLEST && products < LARGEST && squares > SMALLEST && squares < LARGEST
}

/** Whether a split with these sums, exact but for rounding to double, cannot win however they are rounded. */
export function losesClearly(products: number, squares: number): boolean {
  const reach = abs(products) + slack.products
  const bound = split.score * (squares - slack.squares)
  return slack.trusted && bound > SMALLEST_PRODUCT && reach * reach * MARGIN < bound
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
