// Decoding of IQ3_XXS and IQ3_S: eight weights, which are two grid points, at a time.
#pragma once

#include "grids.h"
#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

typedef int32_t vint8 __attribute__((vector_size(32)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));

// The codes 0 ... 7 of two points by their numbers.
QUANTALOUPE_INLINE vint8 codes_of(const Grid &points, int first, int second) {
  bytes8 codes;
  memcpy(&codes, points.codes + 4 * first, 4);
  memcpy((uint8_t *)&codes + 4, points.codes + 4 * second, 4);
  return __builtin_convertvector(codes, vint8);
}

// out[i] = scale * levels[i], negative where bit i is set.
QUANTALOUPE_INLINE void store_signed(float *out, float scale, vint8 levels, int signs) {
  typedef float vfloat8 __attribute__((vector_size(32)));
  const vint8 bits = {1, 2, 4, 8, 16, 32, 64, 128};
  const vint8 negative = (bits & signs) == bits;
  const vfloat8 values = scale * __builtin_convertvector(levels, vfloat8);
  const vint8 result = (vint8)values ^ (negative & INT32_MIN);
  memcpy(out, &result, sizeof result);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
