// Splits of a sub-block of IQ1_S or IQ1_M, a lane per sub-block: its values sorted, the lowest get code 0, those up to
// a second place code 1, the others 2. Twin: main/engine/quantizers/iq1-split.ts.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// The best split so far of every lane: ranks below `first` have code 0, below `second` 1. first is -1 before any won.
struct Split {
  vfloat scale;
  vfloat score;
  vint first;
  vint second;
  vint shifts;
};

QUANTALOUPE_INLINE Split no_split() {
  return {vfloat{}, splat(-3.40282347e+38f), splat(-1), splat(-1), vint{}};
}

// The lanes in which least squares with these sums, w q x and w q q, leave a smaller error than the best split.
QUANTALOUPE_INLINE vint winners(const Split &best, vfloat products, vfloat squares) {
  return (squares > 0) & (products * products > best.score * squares);
}

QUANTALOUPE_INLINE void take_winners(Split &best, vfloat products, vfloat squares, int first, int second, int shifts) {
  const vint wins = winners(best, products, squares);
  const vfloat scale = products / squares;
  best.scale = select(wins, scale, best.scale);
  best.score = select(wins, scale * products, best.score);
  best.first = select(wins, splat(first), best.first);
  best.second = select(wins, splat(second), best.second);
  best.shifts = select(wins, splat(shifts), best.shifts);
}

// Place of every value among all, from smallest to largest. Equal values, 0 and -0 among them, keep their order, as
// in the merge sort that ggml uses.
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
QUANTALOUPE_INLINE void sort_by_rank(const vfloat *values, const vint (&ranks)[COUNT], vfloat (&sorted)[COUNT]) {
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
