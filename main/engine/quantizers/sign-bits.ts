/**
 * Signs of 8 weights as bits of a byte, bit i for weight i. Some formats store seven of them: the eighth makes the
 * number of negatives even, and a group with an odd number has one weight turned round.
 *
 * @see ggml-quants.c: quantize_row_iq2_xxs_impl; ggml-common.h: ksigns_iq2xs
 */
const { fround } = Math

/** Magnitudes of weights from x[at], and their sign bits by groups of 8: f32[count] and u8[count / 8]. */
export function splitSigns(x: Float32Array, at: number, magnitudes: Float32Array, signs: Uint8Array): void {
  for (let k = 0; k < magnitudes.length; k += 8) {
    let bits = 0
    for (let i = 0; i < 8; i += 1) {
      const value = x[at + k + i] as number
      const negative = value < 0
      magnitudes[k + i] = negative ? -value : value
      if (negative) bits |= 1 << i
    }
    signs[k >>> 3] = bits
  }
}

/** Where the number of signs is odd, negates the magnitude that costs least, the first of equals. */
export function makeSignsEven(magnitudes: Float32Array, weights: Float32Array, signs: Uint8Array): void {
  for (let group = 0; group < signs.length; group += 1) {
    const bits = signs[group] as number
    if (isOdd(bits)) signs[group] = bits ^ turnRound(magnitudes, weights, 8 * group)
  }
}

/** Negates one of 8 magnitudes from `k`; returns its bit. */
function turnRound(magnitudes: Float32Array, weights: Float32Array, k: number): number {
  let least = turningCost(magnitudes, weights, k)
  let chosen = 0
  for (let i = 1; i < 8; i += 1) {
    const cost = turningCost(magnitudes, weights, k + i)
    if (cost < least) {
      least = cost
      chosen = i
    }
  }
  magnitudes[k + chosen] = -(magnitudes[k + chosen] as number)
  return 1 << chosen
}

function turningCost(magnitudes: Float32Array, weights: Float32Array, i: number): number {
  const magnitude = magnitudes[i] as number
  return fround(fround((weights[i] as number) * magnitude) * magnitude)
}

/** Whether the number of set bits of a byte is odd. */
export function isOdd(bits: number): boolean {
  return ((0x6996 >>> ((bits ^ (bits >>> 4)) & 15)) & 1) === 1
}

/** All eight sign bits of the stored seven. */
export function withEighthSign(seven: number): number {
  return isOdd(seven) ? seven | 128 : seven
}
