// Search for scale and low end of affine (sub-)blocks, `x ~ scale * code + low` with low <= 0, one per lane.
//
// Each lane does the single-precision operations of ggml's make_qkx2_quants and make_qkx3_quants in their
// order; main/engine/quantizers/affine-search.ts is the readable twin. Only what is kept differs: the codes
// of the best trial follow from its scale (see AffineFit), so they are made again where they are wanted.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Trial scales (high - low) / (first + step * i + maximum), i = 0 ... steps; codes are 0 ... maximum.
struct AffineSearch {
  float first;
  float step;
  int steps;
  int maximum;
};

// The codes are affine_code of every value.
struct AffineFit {
  vfloat scale;
  vfloat low;
  vfloat inverse;
  vfloat base;
  vfloat weight_sum;
};

// Facts of LANES blocks that all trials share, and the smallest error so far.
struct AffineBlocks {
  vint active;  // lanes that have a range to search
  vfloat lowest;
  vfloat highest;
  vfloat span;  // highest - low of the best fit; 1 in lanes that are not active, so that nothing is infinite
  vfloat weight_sum;
  vfloat value_sum;
  vfloat error;
};

// sum w l, w l l and w l x over the codes l of a trial.
struct CodeSums {
  vfloat codes;
  vfloat squares;
  vfloat products;
};

// 1.5 * 2^23: added to a float below 2^22, it leaves the nearest integer in the last bits, ties to even.
constexpr float ROUNDER = 12582912.f;

QUANTALOUPE_INLINE vint limited_code(vfloat product, int maximum_code) {
  return minimum(maximum(nearest_int(product), splat(0)), splat(maximum_code));
}

QUANTALOUPE_INLINE vint affine_code(const AffineFit &fit, vfloat value, int maximum_code) {
  return limited_code(fit.inverse * (value - fit.base), maximum_code);
}

// The code nearest to a product, as a float. TAME promises products between -2^22 and 2^22, for which the
// detour over the bits is not needed.
template <bool TAME>
QUANTALOUPE_INLINE vfloat round_to_code(vfloat product, int maximum_code) {
  if (!TAME) return to_float(limited_code(product, maximum_code));
  const vfloat shifted = maximum(product + ROUNDER, splat(ROUNDER));
  return minimum(shifted, splat(ROUNDER + (float)maximum_code)) - ROUNDER;
}

// Whether every product of a trial is between -2^22 and 2^22: x - low lies between -1e5 and 1 spans, and the
// numerator of the trial is at most 32.
QUANTALOUPE_INLINE vint tame_lanes(const AffineBlocks &blocks, vfloat low) {
  const vint moderate = (blocks.span > 1e-30f) & (blocks.span < 1e30f);
  return moderate & (blocks.span * 1e5f > low - blocks.lowest);
}

template <int COUNT>
QUANTALOUPE_INLINE void measure_blocks(const vfloat (&values)[COUNT], const vfloat (&weights)[COUNT],
                                       AffineBlocks &blocks) {
  vfloat lowest = values[0];
  vfloat highest = values[0];
  vfloat weight_sum = weights[0];
  vfloat value_sum = weights[0] * values[0];
  for (int i = 1; i < COUNT; i += 1) {
    const vfloat value = values[i];
    const vfloat weight = weights[i];
    lowest = minimum(value, lowest);
    highest = maximum(value, highest);
    weight_sum += weight;
    value_sum += weight * value;
  }
  lowest = select(lowest > 0.f, splat(0.f), lowest);
  blocks.active = highest > lowest;
  blocks.lowest = lowest;
  blocks.highest = highest;
  blocks.span = select(blocks.active, highest - lowest, splat(1.f));
  blocks.weight_sum = weight_sum;
  blocks.value_sum = value_sum;
}

// One trial scale of each of GROUPS groups of LANES blocks. The groups stand side by side because each sum is
// a chain of additions that wait for one another.
template <int COUNT, int GROUPS>
struct AffineTrial {
  vfloat inverse[GROUPS];
  vfloat low[GROUPS];  // what the codes are counted from, then the low end that they fit
  vfloat scale[GROUPS];
  vfloat codes[GROUPS][COUNT];
  CodeSums sums[GROUPS];
  vfloat errors[GROUPS];
};

template <bool TAME, int COUNT, int GROUPS>
QUANTALOUPE_INLINE void fit_codes(const vfloat (*values)[COUNT], const vfloat (*weights)[COUNT],
                                  int maximum_code, AffineTrial<COUNT, GROUPS> &trial) {
  vfloat code_sum[GROUPS] = {};
  vfloat square_sum[GROUPS] = {};
  vfloat product_sum[GROUPS] = {};
  for (int i = 0; i < COUNT; i += 1) {
#pragma GCC unroll 2
    for (int g = 0; g < GROUPS; g += 1) {
      const vfloat value = values[g][i];
      const vfloat code = round_to_code<TAME>(trial.inverse[g] * (value - trial.low[g]), maximum_code);
      const vfloat weighted = weights[g][i] * code;
      trial.codes[g][i] = code;
      code_sum[g] += weighted;
      square_sum[g] += weighted * code;
      product_sum[g] += weighted * value;
    }
  }
  for (int g = 0; g < GROUPS; g += 1) trial.sums[g] = {code_sum[g], square_sum[g], product_sum[g]};
}

template <bool ABSOLUTE, int COUNT, int GROUPS>
QUANTALOUPE_INLINE void sum_errors(const vfloat (*values)[COUNT], const vfloat (*weights)[COUNT],
                                   AffineTrial<COUNT, GROUPS> &trial) {
  vfloat sum[GROUPS] = {};
  for (int i = 0; i < COUNT; i += 1) {
#pragma GCC unroll 2
    for (int g = 0; g < GROUPS; g += 1) {
      const vfloat error = trial.scale[g] * trial.codes[g][i] + trial.low[g] - values[g][i];
      sum[g] += weights[g][i] * (ABSOLUTE ? magnitude(error) : error * error);
    }
  }
  for (int g = 0; g < GROUPS; g += 1) trial.errors[g] = sum[g];
}

// Scale and low end by least squares from the sums of a trial; true in lanes where the codes determine them.
QUANTALOUPE_INLINE vint solve_fit(const AffineBlocks &blocks, const CodeSums &sums, vfloat &scale,
                                  vfloat &low) {
  const vfloat determinant = blocks.weight_sum * sums.squares - sums.codes * sums.codes;
  scale = (blocks.weight_sum * sums.products - blocks.value_sum * sums.codes) / determinant;
  low = (sums.squares * blocks.value_sum - sums.codes * sums.products) / determinant;
  const vint above = low > 0.f;
  scale = select(above, sums.products / sums.squares, scale);
  low = select(above, splat(0.f), low);
  return determinant > 0.f;
}

QUANTALOUPE_INLINE void keep_better(AffineBlocks &blocks, AffineFit &fit, vint better, vfloat scale,
                                    vfloat low, vfloat inverse, vfloat error) {
  fit.scale = select(better, scale, fit.scale);
  fit.inverse = select(better, inverse, fit.inverse);
  fit.base = select(better, fit.low, fit.base);
  fit.low = select(better, low, fit.low);
  blocks.span = select(better, blocks.highest - low, blocks.span);
  blocks.error = select(better, error, blocks.error);
}

// The trial without any fit: codes over the whole range of the values.
//
// A lane that is not active gets scale 0, codes 0 and its lowest value, and keeps them: its codes are 0 in
// every trial, so no trial has a determinant.
template <bool ABSOLUTE, int COUNT, int GROUPS>
QUANTALOUPE_INLINE void start_fits(const vfloat (*values)[COUNT], const vfloat (*weights)[COUNT],
                                   int maximum_code, AffineTrial<COUNT, GROUPS> &trial,
                                   AffineBlocks (&blocks)[GROUPS], AffineFit *fits) {
  for (int g = 0; g < GROUPS; g += 1) {
    measure_blocks(values[g], weights[g], blocks[g]);
    trial.inverse[g] = (float)maximum_code / blocks[g].span;
    trial.scale[g] = 1.f / trial.inverse[g];
    trial.low[g] = blocks[g].lowest;
  }
  fit_codes<false>(values, weights, maximum_code, trial);
  sum_errors<ABSOLUTE>(values, weights, trial);
  for (int g = 0; g < GROUPS; g += 1) {
    fits[g].scale = select(blocks[g].active, trial.scale[g], splat(0.f));
    fits[g].inverse = select(blocks[g].active, trial.inverse[g], splat(0.f));
    fits[g].low = fits[g].base = trial.low[g];
    fits[g].weight_sum = blocks[g].weight_sum;
    blocks[g].error = trial.errors[g];
  }
}

// Tries (high - low) / numerator and keeps it in the lanes where it has the smallest error so far.
template <bool ABSOLUTE, int COUNT, int GROUPS>
QUANTALOUPE_INLINE void try_scale(const vfloat (*values)[COUNT], const vfloat (*weights)[COUNT],
                                  int maximum_code, float numerator, AffineTrial<COUNT, GROUPS> &trial,
                                  AffineBlocks (&blocks)[GROUPS], AffineFit *fits) {
  vint tame = ~splat(0);
  for (int g = 0; g < GROUPS; g += 1) {
    trial.inverse[g] = numerator / blocks[g].span;
    trial.low[g] = fits[g].low;
    tame &= tame_lanes(blocks[g], fits[g].low);
  }
  if (any(~tame)) fit_codes<false>(values, weights, maximum_code, trial);
  else fit_codes<true>(values, weights, maximum_code, trial);
  vint solved[GROUPS];
  for (int g = 0; g < GROUPS; g += 1) {
    solved[g] = solve_fit(blocks[g], trial.sums[g], trial.scale[g], trial.low[g]);
  }
  sum_errors<ABSOLUTE>(values, weights, trial);
  for (int g = 0; g < GROUPS; g += 1) {
    const vint better = solved[g] & (trial.errors[g] < blocks[g].error);
    keep_better(blocks[g], fits[g], better, trial.scale[g], trial.low[g], trial.inverse[g], trial.errors[g]);
  }
}

// Best fit of each block of GROUPS groups of LANES: values[g][i] holds value i of every block of group g,
// weights the weights of their errors.
template <bool ABSOLUTE, int GROUPS, int COUNT>
QUANTALOUPE_INLINE void search_affine(const vfloat (*values)[COUNT], const vfloat (*weights)[COUNT],
                                      const AffineSearch &search, AffineFit *fits) {
  AffineTrial<COUNT, GROUPS> trial;
  AffineBlocks blocks[GROUPS];
  start_fits<ABSOLUTE>(values, weights, search.maximum, trial, blocks, fits);
  for (int step = 0; step <= search.steps; step += 1) {
    const float numerator = search.first + search.step * (float)step + (float)search.maximum;
    try_scale<ABSOLUTE>(values, weights, search.maximum, numerator, trial, blocks, fits);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
