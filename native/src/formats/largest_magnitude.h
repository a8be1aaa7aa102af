// The scale of the formats that do not search for one.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// The largest magnitude of COUNT finite weights.
template <int COUNT>
QUANTALOUPE_INLINE float largest_magnitude(const float *weights) {
  vfloat largest = {};
  for (int i = 0; i < COUNT; i += LANES) largest = maximum(magnitude(load(weights + i)), largest);
  float most = largest[0];
  for (int lane = 1; lane < LANES; lane += 1) most = largest[lane] > most ? largest[lane] : most;
  return most;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
