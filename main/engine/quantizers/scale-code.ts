import { nearestInt } from './rounding.ts'

const { fround } = Math

/** 4-bit code of a scale that decodes to unit * (1 + 2 code). */
export function scaleCode(inverseUnit: number, scale: number): number {
  const code = nearestInt(fround(0.5 * fround(fround(inverseUnit * scale) - 1)))
  return code < 0 ? 0 : code > 15 ? 15 : code
}
