// f16 and bf16 conversions, scalar and in lanes; the twin of main/engine/tensor/half.ts.
//
// Encoders round to nearest, ties to even. NaN becomes the quiet NaN 0x7e00 with its sign (f16), or keeps its upper
// bits with the quiet bit set (bf16), as in ggml; the machine's own conversion keeps the payload of an f16 NaN.
// Decoding an f16 NaN sets its quiet bit.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

QUANTALOUPE_INLINE uint32_t float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

QUANTALOUPE_INLINE float bits_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

QUANTALOUPE_INLINE float half_to_float(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  const uint32_t fraction = half & 0x7fffu;
  if (fraction > 0x7c00u) return bits_float(sign | 0x7fc00000u | (fraction & 0x3ffu) << 13);
  if (fraction == 0x7c00u) return bits_float(sign | 0x7f800000u);
  // Subnormals too: the exponent is moved by a multiplication, which is exact.
  return bits_float(sign | float_bits(bits_float(fraction << 13) * 0x1p112f));
}

QUANTALOUPE_INLINE uint16_t float_to_half(float value) {
  const uint32_t bits = float_bits(value);
  const uint32_t sign = bits >> 16 & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x47800000u) return (uint16_t)(sign | (magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u));
  if (magnitude < 0x38800000u) {
    // The spacing of f32 just above 0.5 is the spacing of subnormal f16: the addition does the rounding.
    return (uint16_t)(sign | (float_bits(bits_float(magnitude) + 0.5f) - 0x3f000000u));
  }
  return (uint16_t)(sign | (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13);
}

// f16 bits, one per lane, as f32.
QUANTALOUPE_INLINE vfloat half_to_float(vint half) {
  const vint sign = (half & 0x8000) << 16;
  const vint fraction = half & 0x7fff;
  const vfloat finite = float_of(fraction << 13) * 0x1p112f;
  const vint special = select(fraction > 0x7c00, 0x7fc00000 | (fraction & 0x3ff) << 13, splat(0x7f800000));
  return float_of(sign | select(fraction >= 0x7c00, special, bits_of(finite)));
}

// The f16 bits of every lane.
QUANTALOUPE_INLINE vint float_to_half(vfloat value) {
  const vint sign = (vint)((vuint)bits_of(value) >> 16) & 0x8000;
#if defined(QUANTALOUPE_AVX512)
  const vint nearest = (vint)_mm512_cvtepu16_epi32(_mm512_cvtps_ph((__m512)value, _MM_FROUND_TO_NEAREST_INT));
  return select(value == value, nearest, sign | 0x7e00);
#elif defined(QUANTALOUPE_AVX2)
  const vint nearest = (vint)_mm256_cvtepu16_epi32(_mm256_cvtps_ph((__m256)value, _MM_FROUND_TO_NEAREST_INT));
  return select(value == value, nearest, sign | 0x7e00);
#else
  const vint bits = bits_of(value) & 0x7fffffff;
  const vint subnormal = bits_of(float_of(bits) + 0.5f) - 0x3f000000;
  const vint normal = (bits - 0x38000000 + 0xfff + (bits >> 13 & 1)) >> 13;
  const vint special = select(bits > 0x7f800000, splat(0x7e00), splat(0x7c00));
  const vint finite = select(bits < 0x38800000, subnormal, normal);
  return sign | select(bits >= 0x47800000, special, finite);
#endif
}

// Little-endian 16-bit words at any address.
QUANTALOUPE_INLINE void store_half(uint8_t *to, uint16_t half) { memcpy(to, &half, sizeof half); }

QUANTALOUPE_INLINE uint16_t load_half(const uint8_t *from) {
  uint16_t half;
  memcpy(&half, from, sizeof half);
  return half;
}

QUANTALOUPE_INLINE float bf16_to_float(uint16_t brain) { return bits_float((uint32_t)brain << 16); }

QUANTALOUPE_INLINE uint16_t float_to_bf16(float value) {
  const uint32_t bits = float_bits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
