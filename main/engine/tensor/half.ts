/**
 * Conversions between f32 and the 16-bit floats of model files: IEEE binary16 (`f16`) and bfloat16 (`bf16`).
 *
 * Encoders round to nearest, ties to even. They keep the sign of NaN and drop its payload the way ggml does,
 * so encoded bytes are equal to ggml's for every f32 bit pattern.
 */
const floatCell = new Float32Array(1)
const bitsCell = new Uint32Array(floatCell.buffer)

/** f16 patterns 0 ... 65535 as f32 bits; decoding is one load. */
const HALF_TO_FLOAT = buildHalfTable()

function buildHalfTable(): Float32Array {
  const table = new Float32Array(0x10000)
  const bits = new Uint32Array(table.buffer)
  for (let half = 0; half < 0x10000; half += 1) {
    const exponent = (half >>> 10) & 31
    const fraction = half & 0x3ff
    if (exponent === 31) bits[half] = 0x7f800000 | (fraction << 13)
    else if (exponent === 0) table[half] = fraction * 2 ** -24
    else bits[half] = ((exponent + 112) << 23) | (fraction << 13)
    if (half & 0x8000) bits[half] = (bits[half] ?? 0) | 0x80000000
  }
  return table
}

/** The f32 value of an f16 bit pattern; exact. */
export function halfToFloat(half: number): number {
  return HALF_TO_FLOAT[half] as number
}

/** The f16 bit pattern nearest to a value; overflow gives infinity, NaN the quiet NaN `0x7e00` with its sign. */
export function floatToHalf(value: number): number {
  floatCell[0] = value
  return bitsToHalf(bitsCell[0] as number)
}

/** As {@link floatToHalf}, of the bits of an f32. */
export function bitsToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude >= 0x47800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00)
  if (magnitude < 0x38800000) return sign | subnormalHalf(magnitude)
  // A carry out of the fraction moves into the exponent, as it should, up to infinity.
  const odd = (magnitude >>> 13) & 1
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13)
}

/** The spacing of f32 just above 0.5 is the spacing of subnormal f16: the addition does the rounding. */
function subnormalHalf(magnitude: number): number {
  bitsCell[0] = magnitude
  const value = floatCell[0] as number
  floatCell[0] = value + 0.5
  return bitsCell[0] - 0x3f000000
}

/** The bf16 bit pattern nearest to an f32 given by its bits; NaN stays NaN by its quiet bit. */
export function bitsToBrain(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}
