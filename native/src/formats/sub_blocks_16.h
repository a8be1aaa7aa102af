// What Q3_K and Q6_K share: super-blocks of sixteen sub-blocks of 16 weights with one scale each.
//
// The sub-blocks of a super-block fill whole vectors. What concerns super-blocks as a whole is done for a batch of
// LANES of them, one per lane.
#pragma once

#include "bytes.h"
#include "half.h"
#include "kernels.h"
#include "symmetric_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SUPER_BLOCK = 256;
constexpr int SUB_BLOCK = 16;
constexpr int SUB_BLOCKS = 16;

// LANES super-blocks; at the end of the rows the last one is repeated.
struct Batch {
  const float *weights[LANES];
  const float *importance[LANES];  // of each super-block's columns; null for none
  uint8_t *out[LANES];
  int count;  // super-blocks that are no repetition
  // The scales that the searches found.
  float scales[LANES][SUB_BLOCKS];
};

// Calls quantize_batch(Batch &) for all super-blocks.
template <typename Quantize>
QUANTALOUPE_INLINE void for_each_batch(const Rows &rows, int block_bytes, Quantize quantize_batch) {
  const size_t per_row = rows.row_length / SUPER_BLOCK;
  const size_t blocks = rows.rows * per_row;
  Batch batch;
  for (size_t at = 0; at < blocks; at += LANES) {
    batch.count = blocks - at < (size_t)LANES ? (int)(blocks - at) : LANES;
    for (int lane = 0; lane < LANES; lane += 1) {
      const size_t block = at + (lane < batch.count ? lane : batch.count - 1);
      batch.weights[lane] = rows.weights + block * SUPER_BLOCK;
      batch.importance[lane] = rows.importance ? rows.importance + block % per_row * SUPER_BLOCK : nullptr;
      batch.out[lane] = rows.out + block * block_bytes;
    }
    quantize_batch(batch);
  }
}

// Value i of each of the LANES sub-blocks from `first` on, in columns[i].
QUANTALOUPE_INLINE void load_sub_blocks(const float *super_block, int first, vfloat (&columns)[SUB_BLOCK]) {
  const float *blocks[LANES];
  for (int lane = 0; lane < LANES; lane += 1) blocks[lane] = super_block + SUB_BLOCK * (first + lane);
  load_columns(blocks, columns);
}

// The 16 values of each super-block of a batch, value j of all in columns[j].
QUANTALOUPE_INLINE void load_table(const float (&table)[LANES][SUB_BLOCKS], vfloat (&columns)[SUB_BLOCKS]) {
  const float *rows[LANES];
  for (int lane = 0; lane < LANES; lane += 1) rows[lane] = table[lane];
  load_columns(rows, columns);
}

// Sum of squares of each super-block of a batch, in order.
QUANTALOUPE_INLINE vfloat sum_of_squares(const Batch &batch) {
  vfloat sum = {};
  for (int at = 0; at < SUPER_BLOCK; at += LANES) {
    const float *blocks[LANES];
    for (int lane = 0; lane < LANES; lane += 1) blocks[lane] = batch.weights[lane] + at;
    vfloat columns[LANES];
    load_columns(blocks, columns);
    for (int i = 0; i < LANES; i += 1) sum += columns[i] * columns[i];
  }
  return sum;
}

// Codes 0 ... 2 MAXIMUM - 1 of 16 weights, each rounded to the nearest under the scale as stored. A scale of 0 keeps
// the codes that `kept` gives.
template <int MAXIMUM, typename Kept>
QUANTALOUPE_INLINE bytes16 encode_sub_block(const float *weights, float scale, Kept kept) {
  if (scale == 0) return kept();
  vint codes[SUB_BLOCK / LANES];
  for (int i = 0; i < SUB_BLOCK / LANES; i += 1) {
    const vint code = nearest_int(load(weights + LANES * i) / scale);
    codes[i] = minimum(maximum(code, splat(-MAXIMUM)), splat(MAXIMUM - 1)) + MAXIMUM;
  }
  return narrow(codes);
}

// The codes of a finished search in one sub-block; inverse is 0 where they are all 0.
template <int MAXIMUM>
QUANTALOUPE_INLINE bytes16 searched_codes(const float *weights, float inverse) {
  if (inverse == 0) return bytes16{};
  vint codes[SUB_BLOCK / LANES];
  for (int i = 0; i < SUB_BLOCK / LANES; i += 1) {
    const vfloat product = load(weights + LANES * i) * inverse;
    codes[i] = to_int(round_code<MAXIMUM, Passes::BOTH>(product)) + MAXIMUM;
  }
  return narrow(codes);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
