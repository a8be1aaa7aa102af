// What the IQ2 formats share: LANES sub-blocks at a time, one per lane, in groups of 8 weights that must lie
// on a grid. What trial scales round to and how it fits is found in lanes; groups whose codes are no grid
// point go one by one through the search for their best neighbour. Twin:
// main/engine/quantizers/iq2-search.ts.
#pragma once

#include "batch.h"
#include "half.h"
#include "neighbour_search.h"
#include "sign_bits.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SUPER_BLOCK = 256;
constexpr int GROUP = 8;
constexpr int GROUPS_OF_SUPER_BLOCK = SUPER_BLOCK / GROUP;
// Magnitude of the highest code.
constexpr float LARGEST_MAGNITUDE = 5;

// LANES sub-blocks of COUNT weights: by sub-block, and value i of all of them in a vector.
template <int COUNT>
struct SubBlocks {
  static constexpr int GROUPS = COUNT / GROUP;
  alignas(64) float magnitudes[LANES][COUNT];  // one of a group may be negative
  alignas(64) float weights[LANES][COUNT];     // of the squared error
  alignas(64) float roots[LANES][COUNT];       // of the weights
  uint32_t signs[LANES];
  vfloat x[COUNT];
  vfloat w[COUNT];
  vfloat wx[COUNT];

  // Fills what follows from magnitudes and weights.
  void finish() {
    const float *rows[LANES];
    for (int lane = 0; lane < LANES; lane += 1) {
      for (int i = 0; i < COUNT; i += LANES) store(roots[lane] + i, square_root(load(weights[lane] + i)));
    }
    for (int lane = 0; lane < LANES; lane += 1) rows[lane] = magnitudes[lane];
    load_columns(rows, x);
    for (int lane = 0; lane < LANES; lane += 1) rows[lane] = weights[lane];
    load_columns(rows, w);
    for (int i = 0; i < COUNT; i += 1) wx[i] = w[i] * x[i];
  }

  vfloat largest() const {
    vfloat most = x[0];
    for (int i = 1; i < COUNT; i += 1) most = maximum(most, x[i]);
    return most;
  }
};

// The packed codes of every group of LANES sub-blocks; bit `lane` of moved: the group took a neighbour.
template <int GROUPS>
struct Points {
  vint packed[GROUPS];
  uint32_t moved[GROUPS];
};

// The same for every trial scale: bit `trial` of moved[group][lane].
template <int GROUPS, int COUNT>
struct TrialPoints {
  alignas(64) float scales[COUNT][LANES];
  alignas(64) int32_t packed[GROUPS][COUNT][LANES];
  alignas(64) int32_t changes[GROUPS][LANES];  // bit `trial`: the next trial rounds to other codes
  alignas(64) uint32_t moved[GROUPS][LANES];
};

// Codes 0, 1, 2 of 8 weights at bits 0, 2, 4 ...
QUANTALOUPE_INLINE vint round_group(const vfloat *x, vfloat inverse) {
  vint packed = {};
  for (int i = GROUP - 1; i >= 0; i -= 1) {
    // The code is 0x400000 lower (nearest_int); those bits leave the lowest 16 as the codes are packed.
    const vint code = bits_of(0.5f * (inverse * x[i] - 1.f) + 12582912.f) & 0x007fffff;
    packed = (packed << 2) + minimum(maximum(code, splat(0x400000)), splat(0x400002));
  }
  return packed & 0xffff;
}

// One group of one sub-block.
struct LaneGroup {
  const float *values;
  const float *roots;
  float margin;
};

static __attribute__((noinline)) BestNeighbour search_group(const Grid &grid, uint32_t packed,
                                                            const LaneGroup &group, float scale) {
  const float levels[3] = {scale, scale * 3.f, scale * 5.f};
  return clear_neighbour(grid, packed, group.values, group.roots, levels, group.margin);
}

// What other neighbours must be farther by at both ends of a run of trials that round to the same codes, so
// that the best one is the best in between too; infinite where there is no such bound.
//
// In exact numbers the distances of two neighbours a and b from x differ by
//     sum w (s a - x)^2 - sum w (s b - x)^2 = s (s A - B),
// whose second factor is linear in the scale s. With u = 2^-24, a computed distance is off by less than 14 u
// sum w (5 s + |x|)^2: each difference by 2 u (5 s + |x|), which counts twice in its square, two roundings of
// the products and seven of the sum. Call that e for the largest s. If at both ends all others are farther by
// 5 e, as computed, they truly are by 3 e, and in between by 3 e / 1.5 = 2 e, as the largest trial scale is
// less than 1.5 times the smallest: so the computed order is right. 5 s is at most 1.25 times `largest`, and
// 128 u are more than 5 times 14 u. Where numbers are so small or large that products may underflow or
// overflow, there is no bound.
template <int COUNT>
QUANTALOUPE_INLINE vfloat margin_of(const SubBlocks<COUNT> &blocks, int group, vfloat largest) {
  vfloat most = {};
  vfloat weight = {};
  for (int i = GROUP * group; i < GROUP * (group + 1); i += 1) {
    most = maximum(magnitude(blocks.x[i]), most);
    weight += blocks.w[i];
  }
  const vfloat reach = most + 1.25f * largest;
  // The sum of 8 roots is at most the root of 8 times the sum.
  const vfloat margin = 0x1p-17f * (reach * reach) * square_root(8.f * weight);
  const vint bounded = (reach >= 0x1p-40f) & (reach <= 0x1p40f) & (margin >= 0x1p-90f) & (margin <= 0x1p60f);
  return select(bounded, margin, splat(__builtin_inff()));
}

// Trials of one group of one sub-block: places LANES apart.
struct LaneTrials {
  const Grid &grid;
  const LaneGroup &group;
  const float *scales;
  int32_t *packed;

  BestNeighbour search(uint32_t codes, int trial) const {
    const BestNeighbour found = search_group(grid, codes, group, scales[trial * LANES]);
    packed[trial * LANES] = (int32_t)found.packed;
    return found;
  }

  // The trials between two that are done already.
  void fill_between(uint32_t codes, int first, BestNeighbour left, int last, BestNeighbour right) const {
    if (last - first < 2) return;
    if (left.packed == right.packed && left.clear && right.clear) {
      for (int trial = first + 1; trial < last; trial += 1) packed[trial * LANES] = (int32_t)left.packed;
      return;
    }
    const int middle = (first + last) / 2;
    const BestNeighbour found = search(codes, middle);
    fill_between(codes, first, left, middle, found);
    fill_between(codes, middle, found, last, right);
  }

  // The trials first ... last, which round to the same codes off the grid.
  void move_run(int first, int last) const {
    const uint32_t codes = (uint32_t)packed[first * LANES];
    const BestNeighbour left = search(codes, first);
    if (last > first) fill_between(codes, first, left, last, search(codes, last));
  }
};

// Rounds all groups under all trial scales: `largest` / (5 + 0.1 step), step = -STEPS ... STEPS.
template <int COUNT, int STEPS>
QUANTALOUPE_INLINE void round_trials(const SubBlocks<COUNT> &blocks, vfloat largest,
                                     TrialPoints<COUNT / GROUP, 2 * STEPS + 1> &trials) {
  constexpr int TRIALS = 2 * STEPS + 1;
  vint previous[COUNT / GROUP];
  vint changes[COUNT / GROUP] = {};
  for (int trial = 0; trial < TRIALS; trial += 1) {
    const vfloat inverse = (LARGEST_MAGNITUDE + (float)(trial - STEPS) * 0.1f) / largest;
    store(trials.scales[trial], 1.f / inverse);
    for (int group = 0; group < COUNT / GROUP; group += 1) {
      const vint packed = round_group(blocks.x + GROUP * group, inverse);
      store(trials.packed[group][trial], packed);
      if (trial > 0) changes[group] |= (packed != previous[group]) & (1 << (trial - 1));
      previous[group] = packed;
    }
  }
  for (int group = 0; group < COUNT / GROUP; group += 1) {
    store(trials.changes[group], changes[group] | 1 << (TRIALS - 1));
  }
}

// Moves codes that are no grid point to their best neighbours, in active lanes.
template <int COUNT, int TRIALS>
QUANTALOUPE_INLINE void move_trials(const Grid &grid, const SubBlocks<COUNT> &blocks, vfloat largest,
                                    uint32_t active, TrialPoints<COUNT / GROUP, TRIALS> &trials) {
  for (int k = 0; k < COUNT / GROUP; k += 1) {
    float margins[LANES];
    store(margins, margin_of(blocks, k, largest));
    for (int lane = 0; lane < LANES; lane += 1) {
      trials.moved[k][lane] = 0;
      if ((active >> lane & 1) == 0) continue;
      const LaneGroup group = {
          &blocks.magnitudes[lane][GROUP * k], &blocks.roots[lane][GROUP * k], margins[lane]};
      const LaneTrials column = {grid, group, trials.scales[0] + lane, trials.packed[k][0] + lane};
      uint32_t changes = (uint32_t)trials.changes[k][lane];
      for (int first = 0; changes != 0; changes &= changes - 1) {
        const int last = __builtin_ctz(changes);
        if (grid.index[column.packed[first * LANES]] < 0) {
          column.move_run(first, last);
          trials.moved[k][lane] |= (2u << last) - (1u << first);
        }
        first = last + 1;
      }
    }
  }
}

// 2 code + 1 of weight i of packed codes.
QUANTALOUPE_INLINE vfloat magnitude_of(vint packed, int i) {
#if defined(QUANTALOUPE_AVX512) || defined(QUANTALOUPE_AVX2) || defined(QUANTALOUPE_NEON)
  static const float odd[4] = {1, 3, 5, 7};
  return lookup4(odd, packed >> (2 * i));
#else
  return to_float(((i == 0 ? packed << 1 : packed >> (2 * i - 1)) & 6) | 1);
#endif
}

// Sums over all weights in order, for the scale products / squares that fits the points best.
template <int COUNT>
QUANTALOUPE_INLINE void fit_scale(const SubBlocks<COUNT> &blocks, const vint *packed, vfloat &products,
                                  vfloat &squares) {
  products = vfloat{};
  squares = vfloat{};
  for (int i = 0; i < COUNT; i += 1) {
    const vfloat magnitude = magnitude_of(packed[i / GROUP], i % GROUP);
    products += blocks.wx[i] * magnitude;
    squares += blocks.w[i] * magnitude * magnitude;
  }
}

// Points of the best trial scale in active lanes. If none wins, because all errors vanish or overflow, points
// and scale stay.
template <int STEPS, int COUNT>
QUANTALOUPE_INLINE void search_points(const Grid &grid, const SubBlocks<COUNT> &blocks, vfloat largest,
                                      uint32_t active, vfloat &scale, Points<COUNT / GROUP> &points) {
  constexpr int GROUPS = COUNT / GROUP;
  TrialPoints<GROUPS, 2 * STEPS + 1> trials;
  round_trials<COUNT, STEPS>(blocks, largest, trials);
  move_trials(grid, blocks, largest, active, trials);
  vfloat best = {};
  for (int trial = 0; trial < 2 * STEPS + 1; trial += 1) {
    vint packed[GROUPS];
    for (int group = 0; group < GROUPS; group += 1) packed[group] = load(trials.packed[group][trial]);
    vfloat products, squares;
    fit_scale(blocks, packed, products, squares);
    const vint better = (squares > 0.f) & (products * products > best * squares);
    scale = select(better, products / squares, scale);
    best = select(better, scale * products, best);
    for (int group = 0; group < GROUPS; group += 1) {
      const vint moved = load((const int32_t *)trials.moved[group]) << (31 - trial) < 0;
      points.packed[group] = select(better, packed[group], points.packed[group]);
      points.moved[group] = (points.moved[group] & ~mask_bits(better)) | mask_bits(better & moved);
    }
  }
}

QUANTALOUPE_INLINE vint mask_of(uint32_t bits) {
  vint mask;
  for (int lane = 0; lane < LANES; lane += 1) mask[lane] = -(int32_t)(bits >> lane & 1);
  return mask;
}

// In the lanes of `chosen`, chooses again the points of moved groups under the scale that was found, and fits
// the scale to all points. Where sums overflowed and the quotient is no number (ggml ends the process), it
// stays.
template <int COUNT>
QUANTALOUPE_INLINE void choose_again(const Grid &grid, const SubBlocks<COUNT> &blocks, uint32_t chosen,
                                     vfloat &scale, Points<COUNT / GROUP> &points) {
  for (int k = 0; k < COUNT / GROUP; k += 1) {
    int32_t packed[LANES];
    store(packed, round_group(blocks.x + GROUP * k, 1.f / scale));
    for (uint32_t left = points.moved[k] & chosen; left != 0; left &= left - 1) {
      const int lane = __builtin_ctz(left);
      const LaneGroup group = {&blocks.magnitudes[lane][GROUP * k], &blocks.roots[lane][GROUP * k], 0};
      if (grid.index[packed[lane]] < 0) {
        packed[lane] = (int32_t)search_group(grid, (uint32_t)packed[lane], group, scale[lane]).packed;
      }
      points.packed[k][lane] = packed[lane];
    }
  }
  vfloat products, squares;
  fit_scale(blocks, points.packed, products, squares);
  const vfloat fitted = products / squares;
  scale = select(mask_of(chosen) & (squares > 0.f) & (fitted == fitted), fitted, scale);
}

// What IQ2_XS and IQ2_S share: sub-blocks of 16, trial scales from the largest weight, and only groups that
// took a neighbour choose again.
QUANTALOUPE_INLINE uint32_t search_sixteen(const Grid &grid, const SubBlocks<16> &lanes, float smallest,
                                           vfloat &scale, Points<2> &points) {
  const vfloat largest = lanes.largest();
  const uint32_t stored = mask_bits(~(largest < smallest));
  scale = largest / LARGEST_MAGNITUDE;
  search_points<9>(grid, lanes, largest, stored, scale, points);
  const uint32_t moved = points.moved[0] | points.moved[1];
  choose_again(grid, lanes, mask_bits(scale > 0.f) & stored & moved, scale, points);
  return stored;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
