// Finite f16 values beside a number; the twin of main/engine/quantizers/optimal/half-near.ts.
#pragma once

#include "half.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

QUANTALOUPE_INLINE uint16_t half_bits_near(double value) {
  const double above = value > -65504. ? value : -65504.;
  return float_to_half((float)(above < 65504. ? above : 65504.));
}

// The nearest finite f16 value, and for what is not 0 none that is 0.
QUANTALOUPE_INLINE double half_near(double value) {
  const double half = half_to_float(half_bits_near(value));
  if (half != 0 || value == 0) return half;
  return value < 0 ? -0x1p-24 : 0x1p-24;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
