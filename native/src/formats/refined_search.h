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

// Codes that put the extreme weight on the lowest one, and their sums. Sets w and w x. Several groups of
// LANES blocks together, as each sum waits for its last term.
template <int MAXIMUM, int GROUPS, int COUNT>
QUANTALOUPE_INLINE void fit_extremes(WeightedBlocks<COUNT> (&blocks)[GROUPS],
                                     const vfloat (&extremes)[GROUPS], vfloat (*codes)[COUNT],
                                     SymmetricSums (&sums)[GROUPS]) {
  vfloat inverses[GROUPS];
  for (int group = 0; group < GROUPS; group += 1) inverses[group] = splat(-(float)MAXIMUM) / extremes[group];
  for (int i = 0; i < COUNT; i += 1) {
    for (int group = 0; group < GROUPS; group += 1) {
      WeightedBlocks<COUNT> &of = blocks[group];
      of.w[i] = of.x[i] * of.x[i];
      of.wx[i] = of.w[i] * of.x[i];
      codes[group][i] = add_code<MAXIMUM, Passes::UPPER>(sums[group], of, i, inverses[group]);
    }
  }
}

// Moves codes in at most five rounds. A block that a round leaves as it is stays so in all further rounds:
// going on for the others changes nothing.
template <int MAXIMUM, int COUNT>
QUANTALOUPE_INLINE void move_codes(const WeightedBlocks<COUNT> &blocks, vfloat (&codes)[COUNT],
                                   SymmetricSums &sums) {
  bool moved = true;
  for (int round = 0; round < 5 && moved; round += 1) {
    moved = false;
    for (int i = 0; i < COUNT; i += 1) moved |= move_code<MAXIMUM>(blocks, i, codes[i], sums);
  }
}

// Chooses codes and scales; sets w and w x. In blocks of (nearly) zeros the codes are -MAXIMUM and the scale
// is 0.
template <int MAXIMUM, int GROUPS, int COUNT>
QUANTALOUPE_INLINE void search_refined(WeightedBlocks<COUNT> (&blocks)[GROUPS], vfloat (*codes)[COUNT],
                                       vfloat (&scales)[GROUPS]) {
  vfloat extremes[GROUPS];
  for (int group = 0; group < GROUPS; group += 1) extremes[group] = signed_extreme(blocks[group].x);
  SymmetricSums sums[GROUPS];
  fit_extremes<MAXIMUM>(blocks, extremes, codes, sums);
  for (int group = 0; group < GROUPS; group += 1) {
    move_codes<MAXIMUM>(blocks[group], codes[group], sums[group]);
    const vint empty = magnitude(extremes[group]) < ALL_ZERO;
    for (int i = 0; i < COUNT; i += 1) {
      codes[group][i] = select(empty, splat(-(float)MAXIMUM), codes[group][i]);
    }
    scales[group] = select(empty, vfloat{}, sums[group].products / sums[group].squares);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
