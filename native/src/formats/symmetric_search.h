// Search for the scale of symmetric blocks, one block per lane: the twin of
// main/engine/quantizers/symmetric-search.ts (ggml-quants.c, make_qx_quants with rmse_type 1).
#pragma once

#include "bytes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Blocks whose largest magnitude is below this are stored as zeros.
constexpr float ALL_ZERO = 1e-15f;
// Added to and taken from a float of moderate size, this rounds it to the nearest integer, ties to even.
constexpr float ROUNDER = 12582912.f;

// COUNT weights of LANES blocks: x, their error weights w, and w x, which all trials share.
template <int COUNT>
struct WeightedBlocks {
  vfloat x[COUNT];
  vfloat w[COUNT];
  vfloat wx[COUNT];
};

// x ~ scale * l with l = inverse * x rounded. In lanes of (nearly) zeros, both are 0 and the mask `empty` is
// set.
struct SymmetricFit {
  vfloat scale;
  vfloat inverse;
  vint empty;
  // scale * products of the best trial: the squared error falls as it grows.
  vfloat best;
};

// The value of largest magnitude in every lane, with its sign; the first of equals, 0 where none is above 0.
template <int COUNT>
QUANTALOUPE_INLINE vfloat signed_extreme(const vfloat (&x)[COUNT]) {
  vfloat largest = {};
  vfloat extreme = {};
  for (int i = 0; i < COUNT; i += 1) {
    const vint larger = magnitude(x[i]) > largest;
    largest = select(larger, magnitude(x[i]), largest);
    extreme = select(larger, x[i], extreme);
  }
  return extreme;
}

// Which ends of the codes -MAXIMUM ... MAXIMUM - 1 rounding can pass.
enum class Passes { NONE, UPPER, BOTH };

// Rounds a product of moderate size to a code.
template <int MAXIMUM, Passes PASSES>
QUANTALOUPE_INLINE vfloat round_code(vfloat product) {
  vfloat code = (product + ROUNDER) - ROUNDER;
  if (PASSES != Passes::NONE) code = minimum(code, splat(MAXIMUM - 1.f));
  if (PASSES == Passes::BOTH) code = maximum(code, splat(-(float)MAXIMUM));
  return code;
}

// Sums over the codes of a trial: w x l and w l l.
struct SymmetricSums {
  vfloat products = {};
  vfloat squares = {};
};

// Adds the code of weight i under a trial scale, and returns it.
template <int MAXIMUM, Passes PASSES, int COUNT>
QUANTALOUPE_INLINE vfloat add_code(SymmetricSums &sums, const WeightedBlocks<COUNT> &blocks, int i,
                                   vfloat inverse) {
  const vfloat code = round_code<MAXIMUM, PASSES>(inverse * blocks.x[i]);
  sums.products += blocks.wx[i] * code;
  sums.squares += blocks.w[i] * code * code;
  return code;
}

QUANTALOUPE_INLINE void keep_better(SymmetricFit &fit, const SymmetricSums &sums, vfloat inverse) {
  const vint better = (sums.squares > 0.f) & (sums.products * sums.products > fit.best * sums.squares);
  const vfloat scale = sums.products / sums.squares;
  fit.scale = select(better, scale, fit.scale);
  fit.best = select(better, scale * sums.products, fit.best);
  fit.inverse = select(better, inverse, fit.inverse);
}

// Trial numerators are MAXIMUM + 0.1 step. Two trials at a time share the loads and hide the latency of the
// sums.
template <int MAXIMUM, Passes PASSES, int COUNT>
QUANTALOUPE_INLINE void try_two(const WeightedBlocks<COUNT> &blocks, vfloat extreme, int step, int next,
                                SymmetricFit &fit) {
  const vfloat inverse = splat(-(MAXIMUM + 0.1f * step)) / extreme;
  const vfloat next_inverse = splat(-(MAXIMUM + 0.1f * next)) / extreme;
  SymmetricSums sums, next_sums;
  for (int i = 0; i < COUNT; i += 1) {
    add_code<MAXIMUM, PASSES>(sums, blocks, i, inverse);
    add_code<MAXIMUM, PASSES>(next_sums, blocks, i, next_inverse);
  }
  keep_better(fit, sums, inverse);
  keep_better(fit, next_sums, next_inverse);
}

// The scale and the codes with the smallest error of 19 trials, in the order of ggml.
//
// `extreme` is the signed_extreme of x. No product inverse * x is larger than that of the extreme, which is
// within a few roundings of MAXIMUM + 0.1 step. So no code passes -MAXIMUM up to step 4 (MAXIMUM + 0.5 may
// round up), nor MAXIMUM - 1 down from step -6. `x` must be finite for that; extreme, w and w x may be
// anything.
template <int MAXIMUM, int COUNT>
QUANTALOUPE_INLINE SymmetricFit search_symmetric(const WeightedBlocks<COUNT> &blocks, vfloat extreme) {
  SymmetricFit fit;
  fit.empty = magnitude(extreme) < ALL_ZERO;
  fit.inverse = splat(-(float)MAXIMUM) / extreme;
  SymmetricSums sums;
  for (int i = 0; i < COUNT; i += 1) add_code<MAXIMUM, Passes::UPPER>(sums, blocks, i, fit.inverse);
  fit.scale = select(sums.squares != 0.f, sums.products / sums.squares, vfloat{});
  fit.best = fit.scale * sums.products;
  for (int step = -9; step <= -7; step += 2) {
    try_two<MAXIMUM, Passes::NONE>(blocks, extreme, step, step + 1, fit);
  }
  try_two<MAXIMUM, Passes::UPPER>(blocks, extreme, -5, -4, fit);
  try_two<MAXIMUM, Passes::UPPER>(blocks, extreme, -3, -2, fit);
  try_two<MAXIMUM, Passes::UPPER>(blocks, extreme, -1, 1, fit);
  try_two<MAXIMUM, Passes::UPPER>(blocks, extreme, 2, 3, fit);
  for (int step = 4; step <= 8; step += 2) {
    try_two<MAXIMUM, Passes::BOTH>(blocks, extreme, step, step + 1, fit);
  }
  fit.scale = select(fit.empty, vfloat{}, fit.scale);
  fit.inverse = select(fit.empty, vfloat{}, fit.inverse);
  return fit;
}

// Codes 0 ... 2 MAXIMUM - 1 of 16 weights of a block after its search, from its inverse; 0 stands for an
// empty block, whose codes are all 0.
template <int MAXIMUM>
QUANTALOUPE_INLINE bytes16 searched_codes(const float *weights, float inverse) {
  if (inverse == 0) return bytes16{};
  vint codes[16 / LANES];
  for (int i = 0; i < 16 / LANES; i += 1) {
    const vfloat product = load(weights + LANES * i) * inverse;
    codes[i] = to_int(round_code<MAXIMUM, Passes::BOTH>(product)) + MAXIMUM;
  }
  return narrow(codes);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
