import type { Scale } from './measures.ts'

/**
 * Places values on a colour scale.
 *
 * On a logarithmic scale zero (an exact copy) and negative values sit at the smallest positive value.
 */
export interface ColourScale {
  readonly minimum: number
  readonly maximum: number
  /** Value to position between `minimum` and `maximum`. */
  place(value: number): number
  /** Position to value. */
  value(position: number): number
}

const WIDEN = 0.5

export function colourScale(values: readonly number[], scale: Scale): ColourScale {
  const finite = values.filter((value) => Number.isFinite(value) && (scale === 'linear' || value > 0))
  const smallest = finite.reduce((least, value) => Math.min(least, value), Infinity)
  const largest = finite.reduce((most, value) => Math.max(most, value), -Infinity)
  const floor = Number.isFinite(smallest) ? smallest : 1
  const place =
    scale === 'log' ? (value: number) => Math.log10(Math.max(value, floor)) : (value: number) => value
  const value = scale === 'log' ? (position: number) => 10 ** position : (position: number) => position
  if (finite.length === 0) return { minimum: 0, maximum: 1, place, value }
  const [low, high] = [place(smallest), place(largest)]
  const spread = low === high ? WIDEN * Math.max(Math.abs(low), 1e-6) : 0
  return { minimum: low - spread, maximum: high + spread, place, value }
}

/** A scale with zero in its middle, for differences. */
export function centredScale(values: readonly number[]): ColourScale {
  const reach = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1
  return { minimum: -reach, maximum: reach, place: (value) => value, value: (position) => position }
}
