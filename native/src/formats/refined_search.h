// Search for the scale of symmetric blocks that moves single codes, one block per lane: the twin of
// main/engine/quantizers/refined-search.ts (ggml-quants.c, make_q3_quants with do_rmse).
#pragma once

#include "symmetric_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Every step of the search waits for the one before; so many groups of LANES blocks take their steps in turns.
constexpr int REFINED_GROUPS = 4;

// Group by group: COUNT weights of LANES blocks, their codes as floats and the sums w x l and w l l.
template <int COUNT>
struct RefinedBlocks {
  WeightedBlocks<COUNT> blocks[REFINED_GROUPS];
  vfloat (*codes)[COUNT];
  SymmetricSums sums[REFINED_GROUPS];
};

// nearest_int, limited to the codes; the quotient may be of any size.
template <int MAXIMUM>
QUANTALOUPE_INLINE vfloat nearest_code(vfloat quotient) {
  const vint shifted = bits_of(quotient + ROUNDER) & 0x007fffff;
  const vint code = minimum(maximum(shifted, splat(0x00400000 - MAXIMUM)), splat(0x00400000 + MAXIMUM - 1));
  // The bits of a float between 2^23 and 2^24 count ones.
  return float_of(code | 0x4b000000) - ROUNDER;
}

// Gives code i of every block of a group the value that fits the scale of the others, where that improves the fit.
template <int MAXIMUM, int COUNT>
QUANTALOUPE_INLINE vint move_code(const WeightedBlocks<COUNT> &blocks, int i, vfloat &code, SymmetricSums &sums) {
  const vfloat rest_products = sums.products - blocks.wx[i] * code;
  const vfloat rest_squares = sums.squares - blocks.w[i] * code * code;
  const vfloat moved = nearest_code<MAXIMUM>(blocks.x[i] * rest_squares / rest_products);
  const vfloat products = rest_products + blocks.wx[i] * moved;
  const vfloat squares = rest_squares + blocks.w[i] * moved * moved;
  const vint moves = (rest_products > 0.f) & (moved != code) & (squares > 0.f) &
                     (products * products * sums.squares > sums.products * sums.products * squares);
  code = select(moves, moved, code);
  sums.products = select(moves, products, sums.products);
  sums.squares = select(moves, squares, sums.squares);
  return moves;
}

// Chooses the codes and their sums; x must be set. Blocks of (nearly) zeros get the code -MAXIMUM and the sums 0 / 1.
template <int MAXIMUM, int COUNT>
QUANTALOUPE_INLINE void search_refined(RefinedBlocks<COUNT> &search) {
  vint empty[REFINED_GROUPS];
  for (int group = 0; group < REFINED_GROUPS; group += 1) {
    WeightedBlocks<COUNT> &blocks = search.blocks[group];
    const vfloat extreme = signed_extreme(blocks.x);
    const vfloat inverse = splat(-(float)MAXIMUM) / extreme;
    SymmetricSums sums;
    for (int i = 0; i < COUNT; i += 1) {
      blocks.w[i] = blocks.x[i] * blocks.x[i];
      blocks.wx[i] = blocks.w[i] * blocks.x[i];
      search.codes[group][i] = add_code<MAXIMUM, Passes::UPPER>(sums, blocks, i, inverse);
    }
    search.sums[group] = sums;
    empty[group] = magnitude(extreme) < ALL_ZERO;
  }
  // A block that a round leaves as it is stays so in all further rounds: ending for all at once changes nothing.
  vint moves = splat(-1);
  for (int round = 0; round < 5 && any(moves); round += 1) {
    moves = vint{};
    for (int i = 0; i < COUNT; i += 1) {
      for (int group = 0; group < REFINED_GROUPS; group += 1) {
        moves |= move_code<MAXIMUM>(search.blocks[group], i, search.codes[group][i], search.sums[group]);
      }
    }
  }
  for (int group = 0; group < REFINED_GROUPS; group += 1) {
    for (int i = 0; i < COUNT; i += 1) {
      search.codes[group][i] = select(empty[group], splat(-(float)MAXIMUM), search.codes[group][i]);
    }
    search.sums[group].products = select(empty[group], vfloat{}, search.sums[group].products);
    search.sums[group].squares = select(empty[group], splat(1.f), search.sums[group].squares);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
