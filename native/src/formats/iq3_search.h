// Search for scale and grid points of a sub-block of IQ3_XXS and IQ3_S; the twin of
// main/engine/quantizers/iq3-search.ts (ggml-quants.c: quantize_row_iq3_xxs_impl, quantize_row_iq3_s_impl).
#pragma once

#include "iq3_trials.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Sums over a sub-block: weight * value * level and weight * level * level.
struct Fit {
  float products;
  float squares;
};

static inline Fit fit_points(const SubBlock &block, const int32_t (&points)[GROUPS]) {
  Fit fit = {0, 0};
  for (int i = 0; i < SUB_BLOCK; i += 1) {
    const float level = level_of(points[i / GROUP], i % GROUP);
    fit.products += block.products[i] * level;
    fit.squares += block.weights[i] * level * level;
  }
  return fit;
}

// The sums of all trials, a lane each.
template <int STEPS>
QUANTALOUPE_INLINE void fit_trials(const SubBlock &block, const Trials<STEPS> &trials, float *products,
                                   float *squares) {
  constexpr int VECTORS = Trials<STEPS>::VECTORS;
  vfloat product_sums[VECTORS] = {};
  vfloat square_sums[VECTORS] = {};
  for (int i = 0; i < SUB_BLOCK; i += 1) {
    for (int v = 0; v < VECTORS; v += 1) {
      const vfloat level = level_of(load(trials.points[i / GROUP] + v * LANES), i % GROUP);
      product_sums[v] += block.products[i] * level;
      square_sums[v] += block.weights[i] * level * level;
    }
  }
  for (int v = 0; v < VECTORS; v += 1) {
    store(products + v * LANES, product_sums[v]);
    store(squares + v * LANES, square_sums[v]);
  }
}

// Packed codes of all groups under a scale, rounded as ggml does even where numbers are out of range.
static inline void round_groups(const SubBlock &block, float inverse, int32_t (&packed)[GROUPS]) {
  int32_t codes[SUB_BLOCK];
  for (int i = 0; i < SUB_BLOCK; i += LANES) {
    const vint code = nearest_int(0.5f * (inverse * load(block.values + i) - 1));
    store(codes + i, minimum(maximum(code, vint{}), splat(7)));
  }
  for (int k = 0; k < GROUPS; k += 1) {
    const int32_t *group = codes + GROUP * k;
    packed[k] = group[0] | group[1] << 3 | group[2] << 6 | group[3] << 9;
  }
}

// Packed codes that are a point, or the nearest neighbour of those that are none.
static inline int32_t point_of(int32_t packed, const SubBlock &block, const Grid &grid, int k, float scale) {
  if (grid.index[packed] >= 0) return packed;
  const NeighbourList list = grid.lists[packed];
  const int32_t *words = (const int32_t *)grid.neighbours + list.start;
  return nearest_point(words, (int)list.count, block.values + GROUP * k, block.roots + GROUP * k, scale);
}

// Scale and points, as packed codes, of a sub-block with a largest value above 0. The scale is negative if
// the signs turned out the wrong way round.
//
// STEPS: trial scales are largest / (15 + 0.2 i), i = -STEPS ... STEPS. ALL_AGAIN: one group that was moved
// to a neighbour has all groups choose again under the best scale, not only itself.
template <int STEPS, bool ALL_AGAIN>
static inline float search_points(const SubBlock &block, const Grid &grid, int32_t (&points)[GROUPS]) {
  Trials<STEPS> trials;
  round_trials(block, trials);
  choose_points(block, grid, trials);
  alignas(64) float products[Trials<STEPS>::PADDED];
  alignas(64) float squares[Trials<STEPS>::PADDED];
  fit_trials(block, trials, products, squares);
  float scale = block.largest / LARGEST_LEVEL;
  float best = 0;
  int winner = -1;
  for (int t = 0; t < Trials<STEPS>::COUNT; t += 1) {
    if (squares[t] > 0 && products[t] * products[t] > best * squares[t]) {
      scale = products[t] / squares[t];
      best = scale * products[t];
      winner = t;
    }
  }
  bool moved[GROUPS];
  bool any_moved = false;
  for (int k = 0; k < GROUPS; k += 1) {
    points[k] = winner < 0 ? 0 : trials.points[k][winner];
    moved[k] = winner < 0 ? ALL_AGAIN : grid.index[trials.codes[k][winner]] < 0;
    any_moved |= moved[k];
  }
  if (!any_moved || !(scale > 0)) return scale;
  int32_t codes[GROUPS];
  round_groups(block, 1 / scale, codes);
  for (int k = 0; k < GROUPS; k += 1) {
    if (ALL_AGAIN || moved[k]) points[k] = point_of(codes[k], block, grid, k, scale);
  }
  const Fit fit = fit_points(block, points);
  const float fitted = fit.products / fit.squares;
  // ggml ends the process where sums overflowed and the quotient is no number; here the scale stays.
  return fit.squares > 0 && fitted == fitted ? fitted : scale;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
