// What Q3_K and Q6_K share: super-blocks of sixteen sub-blocks of 16 weights with one scale each.
//
// The sub-blocks of a super-block fill whole vectors. What concerns super-blocks as a whole is done for a
// batch of LANES of them, one per lane.
#pragma once

#include "batch.h"
#include "bytes.h"
#include "half.h"
#include "symmetric_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SUPER_BLOCK = 256;
constexpr int SUB_BLOCK = 16;
constexpr int SUB_BLOCKS = 16;

// A scale for every sub-block of the super-blocks of a batch, or something else of them.
typedef float SubBlockTable[LANES][SUB_BLOCKS];

// Value i of each of the LANES sub-blocks from `first` on, in columns[i].
QUANTALOUPE_INLINE void load_sub_blocks(const float *super_block, int first, vfloat (&columns)[SUB_BLOCK]) {
  const float *blocks[LANES];
  for (int lane = 0; lane < LANES; lane += 1) blocks[lane] = super_block + SUB_BLOCK * (first + lane);
  load_columns(blocks, columns);
}

// Column j of a table in columns[j].
QUANTALOUPE_INLINE void load_table(const SubBlockTable &table, vfloat (&columns)[SUB_BLOCKS]) {
  const float *rows[LANES];
  for (int lane = 0; lane < LANES; lane += 1) rows[lane] = table[lane];
  load_columns(rows, columns);
}

// Codes 0 ... 2 MAXIMUM - 1 of 16 weights, each rounded to the nearest under the scale as stored. A scale of
// 0 keeps the codes that `kept` gives.
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

}  // namespace quantaloupe::QUANTALOUPE_TARGET
