// What ggml's searches with sub-blocks of 16 minimise.
#pragma once

#include <cstddef>

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Error weights of ggml's searches: squared weights, or importance times the root of squared weight and variance,
// in single precision. variance_of takes the sum of the squares of the block.
template <int BLOCK, typename Variance>
void square_root_weights(const float *weights, const float *importance, size_t count, double *out, Variance variance_of) {
  for (size_t block = 0; block < count; block += BLOCK) {
    float sum = 0;
    for (size_t i = block; i < block + BLOCK; i += 1) sum += weights[i] * weights[i];
    const float variance = variance_of(sum);
    for (size_t i = block; i < block + BLOCK; i += 1) {
      const float x = weights[i];
      if (importance) out[i] = importance[i] * __builtin_sqrtf(variance + x * x);
      else out[i] = (double)x * (double)x;
    }
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
