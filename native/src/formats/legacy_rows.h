// What the formats with blocks of 32 weights share: with importance, the whole row has a say in every block.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int LEGACY_BLOCK = 32;

// Mean squares of LANES rows, each summed in order.
QUANTALOUPE_INLINE vfloat row_variances(const float *const (&starts)[LANES], size_t row_length) {
  vfloat sum = {};
  for (size_t at = 0; at < row_length; at += LEGACY_BLOCK) {
    vfloat values[LEGACY_BLOCK];
    const float *parts[LANES];
    for (int lane = 0; lane < LANES; lane += 1) parts[lane] = starts[lane] + at;
    load_columns(parts, values);
    for (int i = 0; i < LEGACY_BLOCK; i += 1) sum += values[i] * values[i];
  }
  return sum / (float)row_length;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
