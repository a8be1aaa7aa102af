// What ggml's searches minimise, with their arithmetic in single precision; without importance some square weights in
// single precision as well, others in double.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

QUANTALOUPE_INLINE float sum_of_squares(const float *weights, size_t count) {
  float sum = 0;
  for (size_t i = 0; i < count; i += 1) sum += weights[i] * weights[i];
  return sum;
}

// Importance times the root of (variance + squared weight).
QUANTALOUPE_INLINE void weigh_by_importance(const float *weights, const float *importance, size_t count,
                                            float variance, double *out) {
  for (size_t i = 0; i < count; i += 1) {
    out[i] = importance[i] * __builtin_sqrtf(variance + weights[i] * weights[i]);
  }
}

// The same block by block; variance_of takes the sum of the squares of a block.
template <int BLOCK, typename VarianceOf>
void weigh_blocks(const float *weights, const float *importance, size_t count, double *out, VarianceOf variance_of) {
  for (size_t at = 0; at < count; at += BLOCK) {
    const float variance = variance_of(sum_of_squares(weights + at, BLOCK));
    weigh_by_importance(weights + at, importance + at, BLOCK, variance, out + at);
  }
}

// Q4_0, Q4_1, Q5_0 and Q5_1, which ggml searches with importance alone.
QUANTALOUPE_INLINE void weigh_legacy_row(const float *weights, const float *importance, size_t count, double *out) {
  if (importance) {
    return weigh_by_importance(weights, importance, count, sum_of_squares(weights, count) / (float)count, out);
  }
  for (size_t i = 0; i < count; i += 1) out[i] = 1;
}

QUANTALOUPE_INLINE void square_singly(const float *weights, size_t count, double *out) {
  for (size_t i = 0; i < count; i += 1) out[i] = weights[i] * weights[i];
}

QUANTALOUPE_INLINE void square_doubly(const float *weights, size_t count, double *out) {
  for (size_t i = 0; i < count; i += 1) out[i] = (double)weights[i] * (double)weights[i];
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
