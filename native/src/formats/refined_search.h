// Search for the scale of symmetric blocks that moves single codes, one block per lane: the twin of
// main/engine/quantizers/refined-search.ts (ggml-quants.c, make_q3_quants with do_rmse).
#pragma once

#include "symmetric_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// nearest_int, limited to the codes; the quotient may be of any size.
template <int MAXIMUM>
QUANTALOUPE_INLINE vfloat nearest_code(vfloat quotient) {
  const vint shifted = bits_of(quotient + ROUNDER) & 0x007fffff;
  const vint code = minimum(maximum(shifted, splat(0x00400000 - MAXIMUM)), splat(0x00400000 + MAXIMUM - 1));
  // The bits of a float between 2^23 and 2^24 count ones.
  return float_of(code | 0x4b000000) - ROUNDER;
}

// Gives code i of every block the value that fits the scale of the others, where that improves the fit.
//
// Most codes stay in all lanes. Then the branch leaves the sums as they are, and as it is predicted well the
// machine works on many codes at a time, although every step depends on the one before.
template <int MAXIMUM, int COUNT>
QUANTALOUPE_INLINE bool move_code(const WeightedBlocks<COUNT> &blocks, int i, vfloat &code,
                                  SymmetricSums &sums) {
  const vfloat rest_products = sums.products - blocks.wx[i] * code;
  const vfloat rest_squares = sums.squares - blocks.w[i] * code * code;
  const vfloat moved = nearest_code<MAXIMUM>(blocks.x[i] * rest_squares / rest_products);
  const vint wanted = (rest_products > 0.f) & (moved != code);
  if (!any(wanted)) return false;
  const vfloat products = rest_products + blocks.wx[i] * moved;
  const vfloat squares = rest_squares + blocks.w[i] * moved * moved;
  const vint better = products * products * sums.squares > sums.products * sums.products * squares;
  const vint moves = wanted & (squares > 0.f) & better;
  code = select(moves, moved, code);
  sums.products = select(moves, products, sums.products);
  sums.squares = select(moves, squares, sums.squares);
  return any(moves);
}

// Chooses codes and returns the scales. Sets blocks.w and blocks.wx. In blocks of (nearly) zeros the codes
// are -MAXIMUM and the scale is 0.
template <int MAXIMUM, int COUNT>
QUANTALOUPE_INLINE vfloat search_refined(WeightedBlocks<COUNT> &blocks, vfloat (&codes)[COUNT]) {
  const vfloat extreme = signed_extreme(blocks.x);
  const vfloat inverse = splat(-(float)MAXIMUM) / extreme;
  SymmetricSums sums;
  for (int i = 0; i < COUNT; i += 1) {
    blocks.w[i] = blocks.x[i] * blocks.x[i];
    blocks.wx[i] = blocks.w[i] * blocks.x[i];
    codes[i] = add_code<MAXIMUM, Passes::UPPER>(sums, blocks, i, inverse);
  }
  // A block that a round leaves as it is stays so in all further rounds: going on for the others changes
  // nothing.
  bool moved = true;
  for (int round = 0; round < 5 && moved; round += 1) {
    moved = false;
    for (int i = 0; i < COUNT; i += 1) moved |= move_code<MAXIMUM>(blocks, i, codes[i], sums);
  }
  const vint empty = magnitude(extreme) < ALL_ZERO;
  for (int i = 0; i < COUNT; i += 1) codes[i] = select(empty, splat(-(float)MAXIMUM), codes[i]);
  return select(empty, vfloat{}, sums.products / sums.squares);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
