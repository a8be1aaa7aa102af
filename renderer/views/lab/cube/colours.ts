import { CIVIDIS, interpolate } from '../../../charts/palette.ts'

/**
 * Colours of cells: the light half of Okabe and Ito's set for all kinds of colour vision ("Color Universal Design", 2008),
 * and two tints of it. Numbers of six colours are enough for any map.
 */
export const CELL_COLOURS = ['#56b4e9', '#e69f00', '#009e73', '#f0e442', '#cc79a7', '#bfbfbf'] as const

/** Colours of angles from 0 to the largest one: dark is exact, bright is the damage. */
export const ANGLE_COLOURS: readonly string[] = Array.from({ length: 256 }, (_none, index) =>
  interpolate(CIVIDIS, index / 255),
)

/** A colour as the bytes of a pixel: red, green, blue, opaque. */
export function pixelOf(hex: string): readonly [number, number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255, 255]
}
