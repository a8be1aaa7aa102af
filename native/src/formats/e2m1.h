// 4-bit floats E2M1, counted doubled; twin: main/engine/quantizers/e2m1.ts.
#pragma once

#include "bytes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

typedef uint64_t words2 __attribute__((vector_size(16)));

constexpr int8_t DOUBLED_VALUES[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
// Above these, in units of the scale, the next magnitude is nearer.
constexpr float MIDPOINTS[7] = {0.5f, 1.5f, 2.5f, 3.5f, 5.f, 7.f, 10.f};

QUANTALOUPE_INLINE bytes16 doubled_values(bytes16 codes) {
  return lookup(load_bytes((const uint8_t *)DOUBLED_VALUES), codes);
}

// 16 codes, each the nearest to its weight, of equal distances the smaller magnitude.
QUANTALOUPE_INLINE bytes16 nearest(const float *weights, float scale) {
  vint codes[16 / LANES];
  for (int i = 0; i < 16 / LANES; i += 1) {
    const vfloat weight = load(weights + LANES * i);
    vint code = {};
    for (int k = 0; k < 7; k += 1) code -= magnitude(weight) > MIDPOINTS[k] * scale;
    codes[i] = code | ((bits_of(weight) >> 31) & (code > 0) & 8);
  }
  return narrow(codes);
}

// The nibbles of a block: codes of its first half low, those of the second high.
QUANTALOUPE_INLINE void store_pairs(uint8_t *to, bytes16 first, bytes16 second) {
  store_bytes(to, first | second << 4);
}

QUANTALOUPE_INLINE void store_pairs(uint8_t *to, bytes16 codes) {
  const words2 halves = (words2)codes;
  const uint64_t pairs = halves[0] | halves[1] << 4;
  memcpy(to, &pairs, sizeof pairs);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
