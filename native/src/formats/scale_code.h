// 4-bit codes of the scales of sub-blocks, which the IQ2 and IQ3 formats share; the twin of
// main/engine/quantizers/scale-code.ts.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Code of a scale that decodes to unit * (1 + 2 code).
QUANTALOUPE_INLINE uint32_t scale_code(float inverse_unit, float scale) {
  const int32_t code = nearest_int(0.5f * (inverse_unit * scale - 1.f));
  return code < 0 ? 0 : code > 15 ? 15 : (uint32_t)code;
}

// Two codes a byte, the first in its low half.
template <int COUNT>
QUANTALOUPE_INLINE void pack_scale_codes(const float (&scales)[COUNT], float unit, uint8_t *out) {
  const float inverse = 1.f / unit;
  for (int j = 0; j < COUNT; j += 2) {
    const uint32_t low = scale_code(inverse, scales[j]);
    out[j / 2] = (uint8_t)(low | scale_code(inverse, scales[j + 1]) << 4);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
