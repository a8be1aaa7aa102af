// The grid points of all groups of a sub-block of IQ3_XXS and IQ3_S under a list of trial scales.
//
// Codes are rounded with a lane per trial. From trial to trial the scale shrinks by a hundredth, so that a group
// keeps its codes for some trials: a run. Codes that are no grid point take the best neighbour, and over a run that
// is searched for a few trials only: in exact numbers the distances of two neighbours differ by
//     sum w (s a - x)^2 - sum w (s b - x)^2 = s (s A - B)
// which changes its sign once at most. Where one neighbour is nearest under the first and the last scale of a part
// of a run, and nearer than any other by a margin that covers all rounding, it is so in between.
//
// The margin. With u = 2^-24 a computed distance is off by less than 10 u sum w (15 s + |x|)^2: two roundings of the
// difference, squared, two of the products and three of the sums; call that e for the largest s. If at both ends
// other neighbours are farther by 5 e, they truly are by 3 e; by the line above, in between at least by
// 3 e / 1.5, as the largest trial scale is 1.5 times the smallest: 2 e, so that the computed order is right. The
// code takes 64 u (1.25 largest + reach)^2 sum w, as 15 s is at most 1.25 times the largest value. Where numbers are so
// small or large that products may underflow or overflow there is no margin, and every trial is searched.
#pragma once

#include "iq3_sub_block.h"
#include "neighbour_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr float LARGEST_LEVEL = 15;

template <int STEPS>
struct Trials {
  static constexpr int COUNT = 2 * STEPS + 1;
  static constexpr int VECTORS = (COUNT + LANES - 1) / LANES;
  static constexpr int PADDED = VECTORS * LANES;
  alignas(64) float scales[PADDED];
  // Packed codes per group: as rounded, from index LANES on, and the points chosen for them.
  alignas(64) int32_t codes[GROUPS][LANES + PADDED];
  alignas(64) int32_t points[GROUPS][PADDED + LANES];
};

// Packed codes of groups from what their values are times 1 / (2 scale), before -0.5: rounded to nearest even by an
// addition that leaves the code in the lowest bits.
template <int STEPS>
QUANTALOUPE_INLINE void round_trials(const SubBlock &block, Trials<STEPS> &trials) {
  vfloat halves[Trials<STEPS>::VECTORS];
  for (int v = 0; v < Trials<STEPS>::VECTORS; v += 1) {
    vfloat numerator;
    for (int lane = 0; lane < LANES; lane += 1) {
      const int trial = v * LANES + lane < Trials<STEPS>::COUNT ? v * LANES + lane : Trials<STEPS>::COUNT - 1;
      numerator[lane] = LARGEST_LEVEL + (float)(trial - STEPS) * 0.2f;
    }
    const vfloat inverse = numerator / block.largest;
    store(trials.scales + v * LANES, 1 / inverse);
    // An infinite inverse makes numbers that ggml rounds to code 0, as they do times 0.
    halves[v] = select(inverse > 3.40282347e+38f, vfloat{}, 0.5f * inverse);
  }
  for (int group = 0; group < GROUPS; group += 1) {
    vint packed[Trials<STEPS>::VECTORS] = {};
    for (int i = 0; i < GROUP; i += 1) {
      // Negative values round to code 0, as 0 does.
      const float value = block.values[GROUP * group + i];
      const vfloat x = splat(value > 0 ? value : 0);
      for (int v = 0; v < Trials<STEPS>::VECTORS; v += 1) {
        packed[v] += bits_of(minimum(halves[v] * x - 0.5f, splat(7.f)) + 12582912.f) << (3 * i);
      }
    }
    for (int v = 0; v < Trials<STEPS>::VECTORS; v += 1) {
      store(trials.codes[group] + LANES + v * LANES, packed[v] & 0xfff);
    }
  }
}

// The best neighbour under one scale, and whether all others are farther by more than the margin.
struct NearestPoint {
  int32_t point;
  bool clear;
};

struct GroupOfFour {
  const float *values;
  const float *roots;
  float margin;
};

// No list of the two grids is longer than 38.
constexpr int MAX_NEIGHBOURS = 48;

static inline NearestPoint nearest_of(const int32_t *words, uint32_t count, const GroupOfFour &group, float scale) {
  const vfloat8 odd = {1, 3, 5, 7, 9, 11, 13, 15};
  const vfloat8 levels = scale * odd;
  alignas(32) float terms[4][8];
  for (int i = 0; i < 4; i += 1) {
    const vfloat8 difference = levels - group.values[i];
    const vfloat8 row = (group.roots[i] * difference) * difference;
    memcpy(terms[i], &row, sizeof row);
  }
  const vfloat limit = splat(3.40282347e+38f);
  vfloat distances[MAX_NEIGHBOURS / LANES];
  vfloat least = limit;
  const int vectors = (int)(count + LANES - 1) / LANES;
  for (int v = 0; v < vectors; v += 1) {
    const vint codes = load(words + v * LANES);
    vfloat sum = lookup8(terms[0], codes);
    for (int i = 1; i < 4; i += 1) sum += lookup8(terms[i], codes >> (3 * i));
    distances[v] = minimum(sum, limit);
    least = minimum(distances[v], least);
  }
  const float smallest = smallest_lane(least);
  uint64_t equal = 0;
  uint64_t close = 0;
  for (int v = 0; v < vectors; v += 1) {
    equal |= (uint64_t)mask_bits(distances[v] == smallest) << (v * LANES);
    close |= (uint64_t)mask_bits(distances[v] <= smallest + group.margin) << (v * LANES);
  }
  const int place = __builtin_ctzll(equal);
  const uint64_t others = close & ~(1ull << place) & ((1ull << count) - 1);
  return {words[place] & 0xfff, others == 0};
}

// Fills points[first ... last] of a run whose codes are no grid point; may write up to LANES - 1 places more.
static inline void move_run(const int32_t *words, uint32_t count, const GroupOfFour &group, const float *scales, int first,
                     int last, int32_t *points) {
  struct End {
    int trial;
    NearestPoint nearest;
  };
  const auto search = [&](int trial) { return End{trial, nearest_of(words, count, group, scales[trial])}; };
  End left = search(first);
  End rights[8];
  int open = 0;
  if (last > first) rights[open++] = search(last);
  while (open > 0) {
    const End &right = rights[open - 1];
    const bool same = left.nearest.point == right.nearest.point && left.nearest.clear && right.nearest.clear;
    if (same || right.trial - left.trial == 1) {
      for (int t = left.trial; t < right.trial; t += LANES) store(points + t, splat(left.nearest.point));
      left = right;
      open -= 1;
    } else {
      rights[open] = search((left.trial + right.trial) / 2);
      open += 1;
    }
  }
  points[last] = left.nearest.point;
}

// What other neighbours must be farther by at the ends of a run; infinite where rounding has no such bound.
static inline float margin_of(const SubBlock &block, int group) {
  const float *roots = block.roots + GROUP * group;
  const float reach = 1.25f * block.largest + block.reach;
  const float margin = 0x1p-18f * (reach * reach) * (roots[0] + roots[1] + roots[2] + roots[3]);
  const bool bounded = reach >= 0x1p-40f && reach <= 0x1p40f && margin >= 0x1p-90f && margin <= 0x1p60f;
  return bounded ? margin : __builtin_inff();
}

template <int STEPS>
QUANTALOUPE_INLINE void choose_points(const SubBlock &block, const Grid &grid, Trials<STEPS> &trials) {
  constexpr int COUNT = Trials<STEPS>::COUNT;
  for (int k = 0; k < GROUPS; k += 1) {
    const int32_t *codes = trials.codes[k] + LANES;
    const GroupOfFour group = {block.values + GROUP * k, block.roots + GROUP * k, margin_of(block, k)};
    // Bit t: trial t + 1 has other codes than trial t.
    uint64_t changes = 0;
    for (int v = 0; v < Trials<STEPS>::VECTORS; v += 1) {
      changes |= (uint64_t)mask_bits(load(codes + v * LANES) != load(codes + v * LANES - 1)) << (v * LANES);
    }
    changes = changes >> 1 | 1ull << (COUNT - 1);
    for (int first = 0; first < COUNT;) {
      const int last = __builtin_ctzll(changes >> first) + first;
      const int32_t packed = codes[first];
      if (grid.index[packed] < 0) {
        const NeighbourList list = grid.lists[packed];
        const int32_t *words = (const int32_t *)grid.neighbours + list.start;
        move_run(words, list.count, group, trials.scales, first, last, trials.points[k]);
      } else {
        for (int t = first; t <= last; t += LANES) store(trials.points[k] + t, splat(packed));
      }
      first = last + 1;
    }
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
