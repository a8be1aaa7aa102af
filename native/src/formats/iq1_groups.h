// What IQ1_S and IQ1_M share: super-blocks by columns, groups of 8 codes on the grid, and the fit of their
// scale. Twin: main/engine/quantizers/iq1-groups.ts.
#pragma once

#include "batch.h"
#include "half.h"
#include "iq1_split.h"
#include "neighbour_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SUPER_BLOCK = 256;
constexpr int GROUP = 8;
// Distance of the middle level from 0.
constexpr float SHIFT = 0.125f;

// Value i of every super-block of a batch, and the weight of its squared error.
struct Columns {
  vfloat x[SUPER_BLOCK];
  vfloat w[SUPER_BLOCK];
};

// Importance times the root of (twice the mean square + squared weight); without importance the squared
// weights.
QUANTALOUPE_INLINE void load_block_columns(const BlockBatch &batch, Columns &columns) {
  load_part(batch.weights, 0, columns.x);
  if (!batch.importance[0]) {
    for (int i = 0; i < SUPER_BLOCK; i += 1) columns.w[i] = columns.x[i] * columns.x[i];
    return;
  }
  load_part(batch.importance, 0, columns.w);
  vfloat sum = {};
  for (int i = 0; i < SUPER_BLOCK; i += 1) sum += columns.x[i] * columns.x[i];
  const vfloat variance = 2.f * sum / SUPER_BLOCK;
  for (int i = 0; i < SUPER_BLOCK; i += 1) {
    columns.w[i] *= square_root(variance + columns.x[i] * columns.x[i]);
  }
}

// Largest magnitude of COUNT values.
template <int COUNT>
QUANTALOUPE_INLINE vfloat largest_magnitude(const vfloat *x) {
  vfloat largest = {};
  for (int i = 0; i < COUNT; i += 1) largest = maximum(magnitude(x[i]), largest);
  return largest;
}

// One sub-block of every lane, whose codes are moved onto the grid.
template <int GROUPS>
struct PlacedGroups {
  vint codes[GROUPS];           // packed
  vint downwards[GROUPS];       // mask: the group's levels are shifted downwards
  int32_t points[GROUPS][LANES];
  vfloat scale;                 // not negative; infinite where sums overflowed: there ggml ends the process
};

// Code i of a packed group as its level, for downwards ? -9/8 : -7/8 as lowest.
QUANTALOUPE_INLINE vfloat level_of(vint packed, int i, vfloat lowest) {
  return to_float(packed >> (2 * i) & 3) + lowest;
}

QUANTALOUPE_INLINE vfloat lowest_level(vint downwards) {
  return select(downwards, splat(-1 - SHIFT), splat(-1 + SHIFT));
}

// Adds w q x and w q q of a group to the sums, q being `multiple` times the level.
QUANTALOUPE_INLINE void add_products(const vfloat *x, const vfloat *w, vint packed, vint downwards,
                                     vfloat multiple, vfloat &products, vfloat &squares) {
  const vfloat lowest = lowest_level(downwards);
  for (int i = 0; i < GROUP; i += 1) {
    const vfloat level = level_of(packed, i, lowest) * multiple;
    const vfloat weighted = w[i] * level;
    products += weighted * x[i];
    squares += weighted * level;
  }
}

// Rows of COUNT columns: rows[lane][i] is lane `lane` of columns[i].
template <int COUNT>
QUANTALOUPE_INLINE void to_rows(const vfloat *columns, float (&rows)[LANES][COUNT]) {
  for (int at = 0; at < COUNT; at += LANES) {
    vfloat square[LANES];
    for (int i = 0; i < LANES; i += 1) square[i] = columns[at + i];
    transpose(square);
    for (int lane = 0; lane < LANES; lane += 1) store(&rows[lane][at], square[lane]);
  }
}

// Least-squares scale of the groups' codes; the given one where that is not positive.
template <int GROUPS>
QUANTALOUPE_INLINE vfloat fit_scale(const vfloat *x, const vfloat *w, const PlacedGroups<GROUPS> &placed) {
  vfloat products = {};
  vfloat squares = {};
  for (int k = 0; k < GROUPS; k += 1) {
    const int at = GROUP * k;
    add_products(x + at, w + at, placed.codes[k], placed.downwards[k], splat(1.f), products, squares);
  }
  return select((products > 0) & (squares > 0), products / squares, placed.scale);
}

// Moves the groups of a sub-block onto the grid and, in the lanes where that changed one, fits the scale
// again.
//
// x, w: the sub-block's columns; rows: the same weights by lane; lanes: bits of the lanes to be placed.
template <int GROUPS>
QUANTALOUPE_INLINE void place_groups(const Grid &points, const vfloat *x, const vfloat *w,
                                     const float *const (&rows)[LANES], uint32_t lanes,
                                     PlacedGroups<GROUPS> &placed) {
  float w_rows[LANES][GROUP * GROUPS];
  to_rows(w, w_rows);
  int32_t moved[LANES] = {};
  int32_t codes[LANES];
  int32_t downwards[LANES];
  float scales[LANES];
  store(scales, placed.scale);
  for (int k = 0; k < GROUPS; k += 1) {
    store(codes, placed.codes[k]);
    store(downwards, placed.downwards[k]);
    for (int lane = 0; lane < LANES; lane += 1) {
      if (!(lanes >> lane & 1)) continue;
      if (points.index[codes[lane]] < 0) {
        const float *values = rows[lane] + GROUP * k;
        const float *weights = w_rows[lane] + GROUP * k;
        const float scale = scales[lane];
        const float lowest = downwards[lane] ? -1 - SHIFT : -1 + SHIFT;
        codes[lane] = (int32_t)nearest_neighbour(points, (uint32_t)codes[lane], values, weights,
                                                 scale * lowest, scale * (lowest + 1), scale * (lowest + 2));
        moved[lane] = -1;
      }
      placed.points[k][lane] = points.index[codes[lane]];
    }
    placed.codes[k] = load(codes);
  }
  const vfloat fitted = select(load(moved), fit_scale(x, w, placed), placed.scale);
  placed.scale = select(fitted >= 0, fitted, splat(__builtin_inff()));
}

// Searches the split of a sub-block with `search(x, w, ranks)` and places its groups. The lanes that have no
// split, or only values below `all_zero`, are point 0 upwards with scale 0; the bits of the others are
// returned.
template <int GROUPS, typename Search, typename Downwards>
QUANTALOUPE_INLINE uint32_t quantize_sub_block(const Grid &points, const BlockBatch &batch,
                                               const Columns &columns, int first, float all_zero,
                                               Search search, Downwards downwards,
                                               PlacedGroups<GROUPS> &placed) {
  constexpr int COUNT = GROUP * GROUPS;
  const vfloat *x = columns.x + first;
  const vfloat *w = columns.w + first;
  vint ranks[COUNT];
  rank_values(x, ranks);
  const Split split = search(x, w, ranks);
  const vint found = (split.first >= 0) & (largest_magnitude<COUNT>(x) >= all_zero);
  vint codes[COUNT];
  split_codes(split, ranks, codes);
  const vint mirrored = split.scale < 0;
  for (int k = 0; k < GROUPS; k += 1) {
    placed.codes[k] = codes[GROUP * k];
    for (int i = 1; i < GROUP; i += 1) placed.codes[k] |= codes[GROUP * k + i] << (2 * i);
    placed.downwards[k] = downwards(split.shifts, k) ^ mirrored;
  }
  placed.scale = magnitude(split.scale);
  const float *rows[LANES];
  for (int lane = 0; lane < LANES; lane += 1) rows[lane] = batch.weights[lane] + first;
  const uint32_t lanes = mask_bits(found);
  place_groups(points, x, w, rows, lanes, placed);
  placed.scale = select(found, placed.scale, vfloat{});
  for (int k = 0; k < GROUPS; k += 1) {
    placed.codes[k] = select(found, placed.codes[k], splat(points.points[0]));
    placed.downwards[k] &= found;
  }
  return lanes;
}

// Scale codes: scale ~ d * (2 * code + 1).
QUANTALOUPE_INLINE vint scale_code(vfloat scale, vfloat inverse) {
  return minimum(maximum(nearest_int(0.5f * (inverse * scale - 1.f)), splat(0)), splat(7));
}

// Decodes a group. The codes are read out by masks and multiplications, which are exact.
QUANTALOUPE_INLINE void decode_group(uint32_t packed, float scale, bool downwards, float *out) {
  // As many at a time as fit a register: GCC spreads a scalar over longer vectors through memory.
  constexpr int STEP = LANES < GROUP ? LANES : GROUP;
  typedef int32_t Integers __attribute__((vector_size(4 * STEP)));
  typedef float Floats __attribute__((vector_size(4 * STEP)));
  static const int32_t masks[GROUP] = {3, 3 << 2, 3 << 4, 3 << 6, 3 << 8, 3 << 10, 3 << 12, 3 << 14};
  static const float inverses[GROUP] = {0x1p-0f, 0x1p-2f,  0x1p-4f,  0x1p-6f,
                                        0x1p-8f, 0x1p-10f, 0x1p-12f, 0x1p-14f};
  for (int i = 0; i < GROUP; i += STEP) {
    Integers mask;
    Floats inverse;
    memcpy(&mask, masks + i, sizeof mask);
    memcpy(&inverse, inverses + i, sizeof inverse);
    const Floats codes = __builtin_convertvector((int32_t)packed & mask, Floats) * inverse;
    const Floats values = scale * (codes + (downwards ? -1 - SHIFT : -1 + SHIFT));
    memcpy(out + i, &values, sizeof values);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
