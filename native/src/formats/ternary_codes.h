// Codes 0, 1 and 2 for -d, 0 and d, of the ternary formats.
#pragma once

#include "bytes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Codes of 16 weights whose products with the inverse are in -1 ... 1: rounded, halves away from zero.
QUANTALOUPE_INLINE bytes16 ternary_codes(const float *weights, float inverse) {
  vint codes[16 / LANES];
  for (int i = 0; i < 16 / LANES; i += 1) {
    const vfloat scaled = load(weights + LANES * i) * inverse;
    codes[i] = 1 - (scaled >= 0.5f) + (scaled <= -0.5f);
  }
  return narrow(codes);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
