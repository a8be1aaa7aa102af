/**
 * Sums in double precision in an order that vector instructions can follow, so that every twin gives the same number.
 *
 * Term i goes to partial sum i % 8; at the end the upper half is added to the lower one three times.
 * The native twin is `native/src/target/partial_sums.h`.
 */
export const PARTIALS = 8

/** @param partials f64[8] */
export function total(partials: Float64Array): number {
  return pair(partials, 0) + pair(partials, 2) + (pair(partials, 1) + pair(partials, 3))
}

function pair(partials: Float64Array, place: number): number {
  return (partials[place] as number) + (partials[place + PARTIALS / 2] as number)
}
