// Splits of a sub-block of IQ1_S or IQ1_M, a lane per sub-block: its values sorted, the lowest get code 0,
// those up to a second place code 1, the others 2. Twin: main/engine/quantizers/iq1-split.ts.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// The best split so far of every lane: ranks below `first` have code 0, below `second` 1. first is -1 before
// any won.
struct Split {
  vfloat scale;
  vfloat score;
  vint first;
  vint second;
  vint shifts;
  vfloat floor;  // splits of a lower score need not be looked at
  vfloat bar;    // the higher one of floor and score
};

// A search in which some split, of all that will be compared, reaches `known`: products^2 / squares.
//
// Splits clearly below it can be left out, although a comparison may go either way where two scores differ by
// less than its roundings (1e-6): the scores between 31/32 and 499/500 of the best one have room for more
// gaps wider than that than there are splits (1122 at most), so there is a gap without a split in it. Any
// split above the gap beats any below, and the first one above it is taken whatever was taken before: those
// below never show in the result. This holds where neither sums nor scores come near the ends of single
// precision.
QUANTALOUPE_INLINE Split start_search(vfloat known, vfloat all_weights) {
  const vint trusted = (known > 1e-15f) & (known < 1e15f) & (all_weights > 1e-15f) & (all_weights < 1e15f);
  const vfloat lowest = splat(-3.40282347e+38f);
  const vfloat floor = select(trusted, known * (31.f / 32), lowest);
  return {vfloat{}, lowest, splat(-1), splat(-1), vint{}, floor, floor};
}

// Whether a split with these sums, w q x and w q q, may change the result in any lane.
QUANTALOUPE_INLINE vint contenders(const Split &best, vfloat products, vfloat squares) {
  return products * products > best.bar * squares;
}

// Takes the split in the lanes in which least squares leave a smaller error than the best one.
QUANTALOUPE_INLINE void compare_split(Split &best, vfloat products, vfloat squares, int first, int second,
                                      int shifts) {
  const vint wins = (squares > 0) & (products * products > best.score * squares);
  const vfloat scale = products / squares;
  best.scale = select(wins, scale, best.scale);
  best.score = select(wins, scale * products, best.score);
  best.first = select(wins, splat(first), best.first);
  best.second = select(wins, splat(second), best.second);
  best.shifts = select(wins, splat(shifts), best.shifts);
  best.bar = maximum(best.score, best.floor);
}

// Place of every value among all, from smallest to largest. Equal values, 0 and -0 among them, keep their
// order, as in the merge sort that ggml uses.
template <int COUNT>
QUANTALOUPE_INLINE void rank_values(const vfloat *x, vint (&ranks)[COUNT]) {
  for (int i = 0; i < COUNT; i += 1) {
    vint rank = splat(i);
    for (int before = 0; before < i; before += 1) {
      const vint above = x[before] > x[i];
      ranks[before] -= above;
      rank += above;
    }
    ranks[i] = rank;
  }
}

// sorted[rank of value i] = values[i], in every lane.
template <int COUNT>
QUANTALOUPE_INLINE void sort_by_rank(const vfloat *values, const vint (&ranks)[COUNT],
                                     vfloat (&sorted)[COUNT]) {
  float from[COUNT * LANES];
  float to[COUNT * LANES];
  int32_t places[COUNT * LANES];
  for (int i = 0; i < COUNT; i += 1) {
    store(from + LANES * i, values[i]);
    store(places + LANES * i, ranks[i] * LANES);
  }
  for (int i = 0; i < COUNT; i += 1) {
    for (int lane = 0; lane < LANES; lane += 1) to[places[LANES * i + lane] + lane] = from[LANES * i + lane];
  }
  for (int i = 0; i < COUNT; i += 1) sorted[i] = load(to + LANES * i);
}

// Codes 0, 1, 2 of the values in their own order, mirrored in the lanes with a negative scale.
template <int COUNT>
QUANTALOUPE_INLINE void split_codes(const Split &split, const vint (&ranks)[COUNT], vint (&codes)[COUNT]) {
  const vint mirrored = split.scale < 0;
  for (int i = 0; i < COUNT; i += 1) {
    const vint code = 2 + (ranks[i] < split.first) + (ranks[i] < split.second);
    codes[i] = select(mirrored, 2 - code, code);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
