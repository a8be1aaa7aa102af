// Signs of 8 weights as bits of a byte, of which some formats store seven; the twin of
// main/engine/quantizers/sign-bits.ts.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Magnitudes of COUNT weights; returns their sign bits, weight i at bit i.
template <int COUNT>
QUANTALOUPE_INLINE uint32_t split_signs(const float *weights, float *magnitudes) {
  static_assert(COUNT % LANES == 0 && COUNT <= 32, "whole vectors, one word of bits");
  uint32_t signs = 0;
  for (int i = 0; i < COUNT; i += LANES) {
    const vfloat x = load(weights + i);
    const vint negative = x < 0.f;
    store(magnitudes + i, select(negative, -x, x));
    signs |= mask_bits(negative) << i;
  }
  return signs;
}

// Where the number of signs of a group of 8 is odd, negates the magnitude that costs least, the first of
// equals; returns the sign bits then.
template <int COUNT>
QUANTALOUPE_INLINE uint32_t make_signs_even(float *magnitudes, const float *weights, uint32_t signs) {
  float costs[COUNT];
  for (int i = 0; i < COUNT; i += LANES) {
    const vfloat x = load(magnitudes + i);
    store(costs + i, (load(weights + i) * x) * x);
  }
  for (int k = 0; k < COUNT; k += 8) {
    if (__builtin_parity(signs >> k & 0xff) == 0) continue;
    int chosen = k;
    for (int i = k + 1; i < k + 8; i += 1) chosen = costs[i] < costs[chosen] ? i : chosen;
    magnitudes[chosen] = -magnitudes[chosen];
    signs ^= 1u << chosen;
  }
  return signs;
}

// All eight sign bits of the stored seven.
QUANTALOUPE_INLINE uint32_t with_eighth_sign(uint32_t seven) {
  return seven | (uint32_t)__builtin_parity(seven) << 7;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
