// A sub-block of IQ3_XXS and IQ3_S: 32 weights as magnitudes and signs, and the weights of their squared error.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SUPER_BLOCK = 256;
constexpr int SUB_BLOCK = 32;
constexpr int SUB_BLOCKS = SUPER_BLOCK / SUB_BLOCK;
constexpr int GROUP = 4;
constexpr int GROUPS = SUB_BLOCK / GROUP;

struct SubBlock {
  alignas(64) float values[SUB_BLOCK];    // magnitudes; negative where a sign was turned round
  alignas(64) float weights[SUB_BLOCK];   // of the squared error
  alignas(64) float roots[SUB_BLOCK];     // of the weights
  alignas(64) float products[SUB_BLOCK];  // weight * value
  uint32_t signs;                         // bit i: weight i is negative
  float largest;                          // value
  float reach;                            // largest magnitude
};

// Sum of squares in order, twice its mean: what importance is blended with.
static inline float variance_of(const float *weights) {
  float sum = 0;
  for (int i = 0; i < SUPER_BLOCK; i += 1) sum += weights[i] * weights[i];
  return 2 * sum / SUPER_BLOCK;
}

// Which of 8 magnitudes costs least to turn round, the first of equals.
static inline int cheapest_sign(const float *values, const float *weights) {
  float least = weights[0] * values[0] * values[0];
  int chosen = 0;
  for (int i = 1; i < 8; i += 1) {
    const float cost = weights[i] * values[i] * values[i];
    chosen = cost < least ? i : chosen;
    least = cost < least ? cost : least;
  }
  return chosen;
}

static inline void make_signs_even(SubBlock &block) {
  for (int from = 0; from < SUB_BLOCK; from += 8) {
    if (__builtin_popcount(block.signs >> from & 255) % 2 == 0) continue;
    const int turned = from + cheapest_sign(block.values + from, block.weights + from);
    block.values[turned] = -block.values[turned];
    block.signs ^= 1u << turned;
  }
}

QUANTALOUPE_INLINE float largest_of(const float (&values)[SUB_BLOCK]) {
  vfloat largest = load(values);
  for (int i = LANES; i < SUB_BLOCK; i += LANES) largest = maximum(largest, load(values + i));
  for (int step = 1; step < LANES; step *= 2) {
    largest = maximum(__builtin_shufflevector(largest, largest, QUANTALOUPE_ZIP_LOW),
                      __builtin_shufflevector(largest, largest, QUANTALOUPE_ZIP_HIGH));
  }
  return largest[0];
}

// `variance` matters with importance alone. EVEN: the number of signs of 8 weights is kept even.
template <bool EVEN>
static inline void load_sub_block(const float *weights, const float *importance, float variance, SubBlock &block) {
  block.signs = 0;
  for (int i = 0; i < SUB_BLOCK; i += LANES) {
    const vfloat x = load(weights + i);
    const vfloat weight = importance ? load(importance + i) * square_root(variance + x * x) : x * x;
    store(block.weights + i, weight);
    store(block.roots + i, square_root(weight));
    store(block.values + i, magnitude(x));
    block.signs |= mask_bits(x < 0) << i;
  }
  block.reach = largest_of(block.values);
  if (EVEN) make_signs_even(block);
  block.largest = EVEN ? largest_of(block.values) : block.reach;
  for (int i = 0; i < SUB_BLOCK; i += LANES) {
    store(block.products + i, load(block.weights + i) * load(block.values + i));
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
