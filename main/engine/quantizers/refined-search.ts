/**
 * Search for the scale of a symmetric block that moves single codes, bit for bit like ggml's: single precision in
 * the order of its source.
 *
 * @see ggml-quants.c, make_q3_quants with do_rmse
 */
import { nearestInt } from './rounding.ts'
import { ALL_ZERO, signedExtreme } from './symmetric-search.ts'

const fround = Math.fround
const ROUNDS = 5

/** Codes of the block around zero, squared weights w and products w x, as doubles, which load faster. */
const trial = new Float64Array(32)
const errorWeights = new Float64Array(32)
const weighted = new Float64Array(32)
/** Sum w x l and sum w l l over the codes. */
const fit = new Float64Array(2)

/**
 * Codes and scale of `x ~ scale * (code - maximum)`, codes 0 ... 2 maximum - 1; errors count by the squared weight.
 *
 * @returns scale; 0 with all codes 0 for a block of (nearly) zeros, NaN where squares overflow
 */
export function searchRefined(
  x: Float32Array,
  at: number,
  count: number,
  maximum: number,
  codes: Uint8Array,
  codesAt: number,
): number {
  const extreme = signedExtreme(x, at, count)
  if (Math.abs(extreme) < ALL_ZERO) {
    codes.fill(0, codesAt, codesAt + count)
    return 0
  }
  fitExtreme(x, at, count, maximum, fround(-maximum / extreme))
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!moveCodes(x, at, count, maximum)) break
  }
  for (let i = 0; i < count; i += 1) codes[codesAt + i] = (trial[i] as number) + maximum
  return fround((fit[0] as number) / (fit[1] as number))
}

/** Codes that put the extreme weight on the lowest one, and their sums. */
function fitExtreme(x: Float32Array, at: number, count: number, maximum: number, inverse: number): void {
  let products = 0
  let squares = 0
  for (let i = 0; i < count; i += 1) {
    const value = x[at + i] as number
    const code = limit(nearestInt(fround(inverse * value)), maximum)
    const weight = fround(value * value)
    trial[i] = code
    errorWeights[i] = weight
    weighted[i] = fround(weight * value)
    products = fround(products + fround((weighted[i] as number) * code))
    squares = fround(squares + fround(fround(weight * code) * code))
  }
  fit[0] = products
  fit[1] = squares
}

function limit(code: number, maximum: number): number {
  return code < -maximum ? -maximum : code >= maximum ? maximum - 1 : code
}

/** Gives each code in turn the value that fits the others' scale, where that improves the fit; false if none moved. */
function moveCodes(x: Float32Array, at: number, count: number, maximum: number): boolean {
  let products = fit[0] as number
  let squares = fit[1] as number
  let changed = false
  for (let i = 0; i < count; i += 1) {
    const code = trial[i] as number
    const weight = errorWeights[i] as number
    const product = weighted[i] as number
    let restProducts = fround(products - fround(product * code))
    if (!(restProducts > 0)) continue
    let restSquares = fround(squares - fround(fround(weight * code) * code))
    const moved = limit(
      nearestInt(fround(fround((x[at + i] as number) * restSquares) / restProducts)),
      maximum,
    )
    if (moved === code) continue
    restProducts = fround(restProducts + fround(product * moved))
    restSquares = fround(restSquares + fround(fround(weight * moved) * moved))
    if (!(restSquares > 0)) continue
    const gained = fround(fround(restProducts * restProducts) * squares)
    if (!(gained > fround(fround(products * products) * restSquares))) continue
    trial[i] = moved
    products = restProducts
    squares = restSquares
    changed = true
  }
  fit[0] = products
  fit[1] = squares
  return changed
}
