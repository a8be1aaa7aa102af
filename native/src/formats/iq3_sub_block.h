// A sub-block of IQ3_XXS and IQ3_S: 32 weights as magnitudes and signs, and the weights of their squared
// error.
#pragma once

#include "kernels.h"
#include "sign_bits.h"
#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SUPER_BLOCK = 256;
constexpr int SUB_BLOCK = 32;
constexpr int SUB_BLOCKS = SUPER_BLOCK / SUB_BLOCK;
constexpr int GROUP = 4;
constexpr int GROUPS = SUB_BLOCK / GROUP;

// Calls quantize_block(weights, importance or null, out) for all super-blocks of BYTES bytes.
template <int BYTES, typename Quantize>
static inline void for_each_super_block(const Rows &rows, Quantize quantize_block) {
  const size_t per_row = rows.row_length / SUPER_BLOCK;
  for (size_t block = 0; block < rows.rows * per_row; block += 1) {
    const float *importance = rows.importance ? rows.importance + block % per_row * SUPER_BLOCK : nullptr;
    quantize_block(rows.weights + block * SUPER_BLOCK, importance, rows.out + block * BYTES);
  }
}

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
static inline void load_sub_block(const float *weights, const float *importance, float variance,
                                  SubBlock &block) {
  block.signs = split_signs<SUB_BLOCK>(weights, block.values);
  for (int i = 0; i < SUB_BLOCK; i += LANES) {
    const vfloat x = load(weights + i);
    const vfloat weight = importance ? load(importance + i) * square_root(variance + x * x) : x * x;
    store(block.weights + i, weight);
    store(block.roots + i, square_root(weight));
  }
  block.reach = largest_of(block.values);
  if (EVEN) block.signs = make_signs_even<SUB_BLOCK>(block.values, block.weights, block.signs);
  block.largest = EVEN ? largest_of(block.values) : block.reach;
  for (int i = 0; i < SUB_BLOCK; i += LANES) {
    store(block.products + i, load(block.weights + i) * load(block.values + i));
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
