// The levels of IQ4_NL and IQ4_XS and the search for the scale in `x ~ scale * level`, one block of 32
// weights per lane: the twin of main/engine/quantizers/iq4-levels.ts.
//
// ggml-quants.c: best_index_int8, quantize_row_iq4_nl_impl with 7 tries.
#pragma once

#include "symmetric_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int LEVEL_BLOCK = 32;
constexpr float LEVELS[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// Trial scales are extreme / (LEVELS[0] + i), i = -TRIES ... TRIES.
constexpr int TRIES = 7;

// Value i of a block in every lane.
typedef vfloat LevelColumns[LEVEL_BLOCK];

constexpr float midpoint_above(int k) { return (LEVELS[k] + LEVELS[k + 1]) / 2; }

// table[index] per lane, index 0 ... 15.
QUANTALOUPE_INLINE vfloat lookup(const float (&table)[16], vint index) {
#if defined(QUANTALOUPE_AVX512)
  return (vfloat)_mm512_permutexvar_ps((__m512i)index, _mm512_loadu_ps(table));
#elif defined(QUANTALOUPE_AVX2)
  const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), (__m256i)index);
  const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), (__m256i)index);
  return (vfloat)_mm256_blendv_ps(low, high, (__m256)(index << 28));
#else
  return gather(table, index);
#endif
}

// The code of the nearest level: one less than 15 for each midpoint that the scaled weight is below. A
// value on a midpoint takes the upper level and NaN the highest; iq4-levels.ts says why ggml's distances
// say the same.
QUANTALOUPE_INLINE vint level_code(vfloat scaled) {
  vint code = splat(15);
  for (int k = 0; k < 15; k += 1) code += scaled < midpoint_above(k);
  return code;
}

// What one weight adds to the sums of a trial. Over all trials its scaled value shrinks by the factor
// 134/120, step by step also when rounded, and keeps its sign. Midpoints of one sign differ by a factor of
// 115.5/93.5 at least: so it passes one midpoint at most, and has only two levels. The terms of the lower
// level are here, and the bits in which those of the upper level differ.
struct TrialTerms {
  vfloat x;
  vfloat midpoint;
  vint products;
  vint products_change;
  vint squares;
  vint squares_change;
};

QUANTALOUPE_INLINE TrialTerms trial_terms(vfloat x, vfloat w, vfloat first_inverse) {
  // The first trial has the largest inverse: what can be passed is the next midpoint towards zero.
  const vfloat scaled = first_inverse * x;
  const vint lower_code = level_code(scaled) + (scaled >= 0);
  const vfloat lower = lookup(LEVELS, lower_code);
  const vfloat upper = lookup(LEVELS, lower_code + 1);
  const vfloat weighted_lower = w * lower;
  const vfloat weighted_upper = w * upper;
  const vint products = bits_of(weighted_lower * x);
  const vint squares = bits_of(weighted_lower * lower);
  return {
      x,        (lower + upper) * 0.5f,
      products, products ^ bits_of(weighted_upper * x),
      squares,  squares ^ bits_of(weighted_upper * upper),
  };
}

// The best scale so far, and its worth: scale * sum w x l.
struct LevelFit {
  vfloat scale;
  vfloat best;
};

// The fit before all trials, with the extreme weight at the positive end.
QUANTALOUPE_INLINE LevelFit first_fit(const LevelColumns &x, const LevelColumns &w, vfloat extreme) {
  const vfloat inverse = 1.f / (extreme / -LEVELS[0]);
  vfloat products = {};
  vfloat squares = {};
  for (int i = 0; i < LEVEL_BLOCK; i += 1) {
    const vfloat level = lookup(LEVELS, level_code(inverse * x[i]));
    const vfloat weighted = w[i] * level;
    products += weighted * x[i];
    squares += weighted * level;
  }
  const vfloat scale = select(squares > 0, products / squares, vfloat{});
  return {scale, scale * products};
}

QUANTALOUPE_INLINE void improve(LevelFit &fit, vfloat products, vfloat squares) {
  const vint better = (squares > 0) & (products * products > fit.best * squares);
  const vfloat scale = products / squares;
  fit.scale = select(better, scale, fit.scale);
  fit.best = select(better, scale * products, fit.best);
}

// Tries COUNT scales in one pass over the terms.
template <int COUNT>
QUANTALOUPE_INLINE void try_scales(const TrialTerms *terms, int step, vfloat extreme, LevelFit &fit) {
  vfloat inverse[COUNT];
  vfloat products[COUNT] = {};
  vfloat squares[COUNT] = {};
  for (int t = 0; t < COUNT; t += 1) inverse[t] = (step + t + LEVELS[0]) / extreme;
  for (int i = 0; i < LEVEL_BLOCK; i += 1) {
    const TrialTerms &term = terms[i];
    for (int t = 0; t < COUNT; t += 1) {
      const vint upper = inverse[t] * term.x >= term.midpoint;
      products[t] += float_of(term.products ^ (upper & term.products_change));
      squares[t] += float_of(term.squares ^ (upper & term.squares_change));
    }
  }
  for (int t = 0; t < COUNT; t += 1) improve(fit, products[t], squares[t]);
}

// Scale of the 32 weights in every lane, w their error weights; 0 for (nearly) zeros and where no weight
// counts.
QUANTALOUPE_INLINE vfloat search_level_scale(const LevelColumns &x, const LevelColumns &w) {
  const vfloat extreme = signed_extreme(x);
  LevelFit fit = first_fit(x, w, extreme);
  TrialTerms terms[LEVEL_BLOCK];
  const vfloat first_inverse = (LEVELS[0] - TRIES) / extreme;
  for (int i = 0; i < LEVEL_BLOCK; i += 1) terms[i] = trial_terms(x[i], w[i], first_inverse);
  for (int step = -TRIES; step <= TRIES; step += 3) try_scales<3>(terms, step, extreme, fit);
  return select(magnitude(extreme) < ALL_ZERO, vfloat{}, fit.scale);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
