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
    const float level = (float)(2 * (points[i / GROUP] >> (3 * (i % GROUP)) & 7) + 1);
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
  const vfloat8 odd = {1, 3, 5, 7, 9, 11, 13, 15};
  vfloat product_sums[VECTORS] = {};
  vfloat square_sums[VECTORS] = {};
  for (int i = 0; i < SUB_BLOCK; i += 1) {
    alignas(32) float product_terms[8];
    alignas(32) float square_terms[8];
    const vfloat8 product_row = block.products[i] * odd;
    const vfloat8 square_row = (block.weights[i] * odd) * odd;
    memcpy(product_terms, &product_row, sizeof product_row);
    memcpy(square_terms, &square_row, sizeof square_row);
    for (int v = 0; v < VECTORS; v += 1) {
      const vint codes = load(trials.points[i / GROUP] + v * LANES) >> (3 * (i % GROUP));
      product_sums[v] += lookup8(product_terms, codes);
      square_sums[v] += lookup8(square_terms, codes);
    }
  }
  for (int v = 0; v < VECTORS; v += 1) {
    store(products + v * LANES, product_sums[v]);
    store(squares + v * LANES, square_sums[v]);
  }
}

// Packed codes of a group under a scale, rounded as ggml does even where numbers are out of range.
static inline int32_t round_group(const float *values, float inverse) {
  int32_t packed = 0;
  for (int i = 0; i < GROUP; i += 1) {
    const int32_t code = nearest_int(0.5f * (inverse * values[i] - 1));
    packed |= (code < 0 ? 0 : code > 7 ? 7 : code) << (3 * i);
  }
  return packed;
}

static inline int32_t point_under(const SubBlock &block, const Grid &grid, int k, float scale, float inverse) {
  const int32_t packed = round_group(block.values + GROUP * k, inverse);
  if (grid.index[packed] >= 0) return packed;
  const NeighbourList list = grid.lists[packed];
  const GroupOfFour group = {block.values + GROUP * k, block.roots + GROUP * k, 0};
  return nearest_of((const int32_t *)grid.neighbours + list.start, list.count, group, scale).point;
}

// Scale and points, as packed codes, of a sub-block with a largest value above 0. The scale is negative if the signs
// turned out the wrong way round.
//
// STEPS: trial scales are largest / (15 + 0.2 i), i = -STEPS ... STEPS. ALL_AGAIN: one group that was moved to a
// neighbour has all groups choose again under the best scale, not only itself.
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
    moved[k] = winner < 0 ? ALL_AGAIN : grid.index[trials.codes[k][LANES + winner]] < 0;
    any_moved |= moved[k];
  }
  if (!any_moved || !(scale > 0)) return scale;
  const float inverse = 1 / scale;
  for (int k = 0; k < GROUPS; k += 1) {
    if (ALL_AGAIN || moved[k]) points[k] = point_under(block, grid, k, scale, inverse);
  }
  const Fit fit = fit_points(block, points);
  const float fitted = fit.products / fit.squares;
  // ggml ends the process where sums overflowed and the quotient is no number; here the scale stays.
  return fit.squares > 0 && fitted == fitted ? fitted : scale;
}

// 4-bit code of a scale that decodes to unit * (1 + 2 code).
static inline int32_t scale_code(float inverse_unit, float scale) {
  const int32_t code = nearest_int(0.5f * (inverse_unit * scale - 1));
  return code < 0 ? 0 : code > 15 ? 15 : code;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
