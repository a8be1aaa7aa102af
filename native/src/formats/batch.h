// Runs of LANES blocks, for kernels that give every lane a block of its own.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// LANES blocks, wherever they lie in the rows. At the end of the rows the last one fills the lanes left over.
struct BlockBatch {
  const float *weights[LANES];
  const float *importance[LANES];  // of each block's columns; null for none
  uint8_t *out[LANES];
  int count;  // blocks that are no repetition
};

// Calls quantize_batch(const BlockBatch &) for all blocks of BLOCK weights and BYTES bytes.
template <int BLOCK, int BYTES, typename Quantize>
QUANTALOUPE_INLINE void for_each_block_batch(const Rows &rows, Quantize quantize_batch) {
  const size_t per_row = rows.row_length / BLOCK;
  const size_t blocks = rows.rows * per_row;
  BlockBatch batch;
  for (size_t at = 0; at < blocks; at += LANES) {
    batch.count = blocks - at < (size_t)LANES ? (int)(blocks - at) : LANES;
    for (int lane = 0; lane < LANES; lane += 1) {
      const size_t block = at + (lane < batch.count ? lane : batch.count - 1);
      batch.weights[lane] = rows.weights + block * BLOCK;
      batch.importance[lane] = rows.importance ? rows.importance + block % per_row * BLOCK : nullptr;
      batch.out[lane] = rows.out + block * BYTES;
    }
    quantize_batch(batch);
  }
}

// Values FIRST ... FIRST + COUNT - 1 of every block of a batch, value i of all in columns[i].
template <int COUNT>
QUANTALOUPE_INLINE void load_part(const float *const (&blocks)[LANES], int first, vfloat (&columns)[COUNT]) {
  const float *parts[LANES];
  for (int lane = 0; lane < LANES; lane += 1) parts[lane] = blocks[lane] + first;
  load_columns(parts, columns);
}

// Sum of squares of each of the blocks of COUNT weights, in order.
template <int COUNT>
QUANTALOUPE_INLINE vfloat sum_of_squares(const BlockBatch &batch) {
  vfloat sum = {};
  for (int at = 0; at < COUNT; at += LANES) {
    vfloat columns[LANES];
    load_part(batch.weights, at, columns);
    for (int i = 0; i < LANES; i += 1) sum += columns[i] * columns[i];
  }
  return sum;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
