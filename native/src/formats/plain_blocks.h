// Blocks of 32 weights that are quantized by their extremes, without a search or importance.
//
// Extremes and scales are found for LANES blocks at once, the weights of a block are encoded side by side.
#pragma once

#include "bytes.h"
#include "half.h"
#include "kernels.h"
#include "legacy_rows.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Vectors in a block.
constexpr int LEGACY_VECTORS = LEGACY_BLOCK / LANES;

// Lane b is the largest value of rows[b]. Overwrites rows.
QUANTALOUPE_INLINE vfloat largest_of_each(vfloat (&rows)[LANES]) {
  for (int half = LANES / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i += 1) {
      const vfloat low = __builtin_shufflevector(rows[i], rows[i + half], QUANTALOUPE_ZIP_LOW);
      const vfloat high = __builtin_shufflevector(rows[i], rows[i + half], QUANTALOUPE_ZIP_HIGH);
      rows[i] = maximum(low, high);
    }
  }
  return rows[0];
}

// What turns the weights of LANES blocks into codes, and their scales as f16.
struct PlainScales {
  float inverses[LANES];
  float shifts[LANES];
  int32_t halves[LANES];
};

// For all blocks, LANES at a time but for the last: scales = measure(weights), then encode(weights, scales,
// count, out). Scales take long to compute, so those of the next blocks are begun before the codes of these.
template <int BYTES, typename Measure, typename Encode>
QUANTALOUPE_INLINE void for_each_plain_batch(const Rows &rows, Measure measure, Encode encode) {
  constexpr size_t BATCH = LANES * LEGACY_BLOCK;
  const size_t blocks = rows.rows * (rows.row_length / LEGACY_BLOCK);
  const float *weights = rows.weights;
  uint8_t *out = rows.out;
  PlainScales scales;
  if (blocks >= (size_t)LANES) scales = measure(weights);
  for (size_t left = blocks; left >= (size_t)LANES; left -= LANES) {
    PlainScales next;
    if (left >= 2 * (size_t)LANES) next = measure(weights + BATCH);
    encode(weights, scales, LANES, out);
    scales = next;
    weights += BATCH;
    out += LANES * BYTES;
  }
  const int count = (int)(blocks % LANES);
  if (count == 0) return;
  float rest[BATCH] = {};
  memcpy(rest, weights, sizeof(float) * LEGACY_BLOCK * count);
  encode(rest, measure(rest), count, out);
}

// 16 codes: inverse * x + shift, cut off towards zero, at most `highest`.
QUANTALOUPE_INLINE bytes16 cut_codes(const float *weights, float inverse, float shift, int highest) {
  vint codes[16 / LANES];
  for (int i = 0; i < 16 / LANES; i += 1) {
    codes[i] = minimum(to_int(load(weights + LANES * i) * inverse + shift), splat(highest));
  }
  return narrow(codes);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
