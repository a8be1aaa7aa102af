// The grid points of all groups of a sub-block of IQ3_XXS and IQ3_S under a list of trial scales.
//
// Codes are rounded with a lane per trial. From trial to trial the scale shrinks by a hundredth, so that a group
// keeps its codes for some trials: a run. Codes that are no grid point take the best neighbour, and most neighbours
// are excluded for a whole run at once: the distance of levels l under scale s is
//     sum w (s l - x)^2 = sum w x^2 + s (s sum w l^2 - sum 2 w x l) = constant + s * line(s)
// and a line that lies above another one at both ends of the run does so in between. Only lines that are not
// above that of the first trial's best and not above that of the last trial's best remain, two or three of ten; of
// these the distances of all trials are computed as in ggml, with a lane per trial.
//
// Above means by a margin that covers all rounding. With u = 2^-24, s l <= 15 s, R = 15 s + |x| and S = sum w R^2, a line
// is off by less than 7 u S / s (5 roundings of each sum, 2 more of their difference) and a computed distance by less
// than 10 u S (two roundings of the difference, squared, two of the products and three of the sums). Lines farther
// apart than (14 + 20) u S / s are in the right order, as are the distances computed from them. The code takes 64 u
// for 34 u, and for R and s the largest and smallest of all trials. Where numbers are so small or large that products
// may underflow or overflow there is no margin, and no neighbour is excluded.
#pragma once

#include "iq3_sub_block.h"
#include "neighbour_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr float LARGEST_LEVEL = 15;
constexpr float FLOAT_MAX = 3.40282347e+38f;

template <int STEPS>
struct Trials {
  static constexpr int COUNT = 2 * STEPS + 1;
  static constexpr int VECTORS = (COUNT + LANES - 1) / LANES;
  static constexpr int PADDED = VECTORS * LANES;
  // What lies behind the last trial does not matter.
  alignas(64) float scales[PADDED + LANES];
  // Packed codes per group: as rounded, and the points chosen for them.
  alignas(64) int32_t codes[GROUPS][PADDED + LANES];
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
    halves[v] = select(inverse > FLOAT_MAX, vfloat{}, 0.5f * inverse);
  }
  store(trials.scales + Trials<STEPS>::PADDED, vfloat{});
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
      store(trials.codes[group] + v * LANES, packed[v] & 0xfff);
    }
    store(trials.codes[group] + Trials<STEPS>::PADDED, vint{});
  }
}

// Four weights, and what lines must be apart to exclude a neighbour.
struct GroupOfFour {
  const float *values;
  const float *weights;  // of distances: the roots of those of the squared error
  float margin;
};

static inline GroupOfFour group_of(const SubBlock &block, int k, float smallest_scale) {
  const float *weights = block.roots + GROUP * k;
  const float reach = 1.25f * block.largest + block.reach;
  const float sum = reach * reach * (weights[0] + weights[1] + weights[2] + weights[3]);
  const bool bounded = block.largest >= 0x1p-40f && reach <= 0x1p40f && sum >= 0x1p-70f && sum <= 0x1p60f;
  return {block.values + GROUP * k, weights, bounded ? 0x1p-18f * sum / smallest_scale : __builtin_inff()};
}

alignas(32) constexpr float LEVELS[8] = {1, 3, 5, 7, 9, 11, 13, 15};

// The level of code i of packed codes.
QUANTALOUPE_INLINE float level_of(int32_t packed, int i) { return LEVELS[packed >> (3 * i) & 7]; }

QUANTALOUPE_INLINE vfloat level_of(vint packed, int i) {
#if defined(QUANTALOUPE_AVX512) || defined(QUANTALOUPE_AVX2) || defined(QUANTALOUPE_NEON)
  return lookup8(LEVELS, packed >> (3 * i));
#else
  return to_float(((i == 0 ? packed << 1 : packed >> (3 * i - 1)) & 14) | 1);
#endif
}

// Neighbours are looked at 16 at a time, to which lists are filled up; no list of the two grids has more than 38.
constexpr int BATCH = 16;

// Lines, or distances, of up to BATCHES * 16 neighbours.
template <int BATCHES>
struct NeighbourValues {
  static constexpr int VECTORS = BATCHES * BATCH / LANES;
  // Bits that hold a place.
  static constexpr int PLACES = BATCHES == 1 ? 15 : BATCHES == 2 ? 31 : 63;
  vfloat values[VECTORS];

  float at(int place) const { return values[place / LANES][place % LANES]; }

  // The first place of the smallest value; no value is NaN.
  int place_of_smallest() const {
    vfloat least = values[0];
    for (int v = 1; v < VECTORS; v += 1) least = minimum(values[v], least);
    const float smallest = smallest_lane(least);
    uint64_t equal = 0;
    for (int v = 0; v < VECTORS; v += 1) equal |= (uint64_t)mask_bits(values[v] == smallest) << (v * LANES);
    return __builtin_ctzll(equal);
  }

  // A place whose value is smallest but for some last bits, which tell the place meanwhile.
  int place_of_small() const {
    vint place;
    for (int lane = 0; lane < LANES; lane += 1) place[lane] = lane;
    vfloat least = float_of((bits_of(values[0]) & ~PLACES) | place);
    for (int v = 1; v < VECTORS; v += 1) {
      least = minimum(float_of((bits_of(values[v]) & ~PLACES) | (place + v * LANES)), least);
    }
    const float smallest = smallest_lane(least);
    int32_t bits;
    memcpy(&bits, &smallest, sizeof bits);
    return bits & PLACES;
  }
};

// The lines of neighbours at the ends of a run.
template <int BATCHES>
QUANTALOUPE_INLINE void measure_lines(const int32_t *words, const GroupOfFour &group, float first_scale,
                                      float last_scale, NeighbourValues<BATCHES> &first,
                                      NeighbourValues<BATCHES> &last) {
  for (int v = 0; v < NeighbourValues<BATCHES>::VECTORS; v += 1) {
    const vint codes = load(words + v * LANES);
    vfloat slope = {};
    vfloat offset = {};
    for (int i = 0; i < GROUP; i += 1) {
      const vfloat level = level_of(codes, i);
      const vfloat weighted = group.weights[i] * level;
      slope += weighted * level;
      offset += weighted * (2 * group.values[i]);
    }
    first.values[v] = slope * first_scale - offset;
    last.values[v] = slope * last_scale - offset;
  }
}

// Neighbours that may be nearest under some scale of the run: bits by place in the list.
template <int BATCHES>
QUANTALOUPE_INLINE uint64_t remaining_of(const int32_t *words, const GroupOfFour &group, float first_scale,
                                         float last_scale) {
  NeighbourValues<BATCHES> first, last;
  measure_lines(words, group, first_scale, last_scale, first, last);
  const int a = first.place_of_small();
  const int b = last.place_of_small();
  const vfloat a_first = splat(first.at(a) + group.margin);
  const vfloat a_last = splat(last.at(a) + group.margin);
  const vfloat b_first = splat(first.at(b) + group.margin);
  const vfloat b_last = splat(last.at(b) + group.margin);
  uint64_t excluded = 0;
  for (int v = 0; v < first.VECTORS; v += 1) {
    const vint above = ((first.values[v] > a_first) & (last.values[v] > a_last)) |
                       ((first.values[v] > b_first) & (last.values[v] > b_last));
    excluded |= (uint64_t)mask_bits(above) << (v * LANES);
  }
  return ~excluded;
}

QUANTALOUPE_INLINE uint64_t remaining(const int32_t *words, int count, const GroupOfFour &group, float first_scale,
                                      float last_scale) {
  const uint64_t places = (1ull << count) - 1;
  if (count <= BATCH) return places & remaining_of<1>(words, group, first_scale, last_scale);
  if (count <= 2 * BATCH) return places & remaining_of<2>(words, group, first_scale, last_scale);
  return places & remaining_of<3>(words, group, first_scale, last_scale);
}

// Packed codes of the nearest neighbour under one scale. Where no distance is below FLT_MAX (ggml ends the process
// then), the first neighbour.
template <int BATCHES>
QUANTALOUPE_INLINE int32_t nearest_of(const int32_t *words, const float *values, const float *weights, float scale) {
  NeighbourValues<BATCHES> distances;
  for (int v = 0; v < NeighbourValues<BATCHES>::VECTORS; v += 1) {
    const vint codes = load(words + v * LANES);
    vfloat distance = {};
    for (int i = 0; i < GROUP; i += 1) {
      const vfloat difference = scale * level_of(codes, i) - values[i];
      distance += (weights[i] * difference) * difference;
    }
    distances.values[v] = minimum(distance, splat(FLOAT_MAX));
  }
  return words[distances.place_of_smallest()] & 0xfff;
}

QUANTALOUPE_INLINE int32_t nearest_point(const int32_t *words, int count, const float *values, const float *weights,
                                         float scale) {
  if (count <= BATCH) return nearest_of<1>(words, values, weights, scale);
  if (count <= 2 * BATCH) return nearest_of<2>(words, values, weights, scale);
  return nearest_of<3>(words, values, weights, scale);
}

// Trials of a group with the same codes.
struct Run {
  const int32_t *words;  // neighbours, or the point alone
  uint64_t candidates;   // those that may be nearest: bits by place
  int32_t count;
  int16_t group;
  int16_t first;
  int16_t last;
};

// All runs of a sub-block in order, and the numbers of those whose codes are no point.
template <int STEPS>
struct Runs {
  static constexpr int MAX = GROUPS * Trials<STEPS>::COUNT;
  Run all[MAX];
  int16_t moved[MAX];
  int count = 0;
  int moved_count = 0;
};

template <int STEPS>
QUANTALOUPE_INLINE void list_runs(const Trials<STEPS> &trials, const Grid &grid, Runs<STEPS> &runs) {
  for (int k = 0; k < GROUPS; k += 1) {
    const int32_t *codes = trials.codes[k];
    // Bit t: a run ends with trial t.
    uint64_t ends = 0;
    for (int v = 0; v < Trials<STEPS>::VECTORS; v += 1) {
      ends |= (uint64_t)mask_bits(load(codes + v * LANES) != load(codes + v * LANES + 1)) << (v * LANES);
    }
    ends = (ends | 1ull << (Trials<STEPS>::COUNT - 1)) & ((1ull << Trials<STEPS>::COUNT) - 1);
    for (int first = 0; ends != 0; ends &= ends - 1) {
      const int last = __builtin_ctzll(ends);
      const int32_t packed = codes[first];
      const NeighbourList list = grid.lists[packed];
      const bool moved = grid.index[packed] < 0;
      const int32_t *words = moved ? (const int32_t *)grid.neighbours + list.start : codes + first;
      runs.all[runs.count] = {words, 1, (int32_t)list.count, (int16_t)k, (int16_t)first, (int16_t)last};
      runs.moved[runs.moved_count] = (int16_t)runs.count;
      runs.count += 1;
      runs.moved_count += moved;
      first = last + 1;
    }
  }
}

// Fills the points of a run; may write up to LANES - 1 places more.
QUANTALOUPE_INLINE void choose_points(const Run &run, const GroupOfFour &group, const float *scales, int32_t *points) {
  if ((run.candidates & (run.candidates - 1)) == 0) {
    const vint only = splat(run.words[__builtin_ctzll(run.candidates)] & 0xfff);
    for (int t = run.first; t <= run.last; t += LANES) store(points + t, only);
    return;
  }
  for (int t = run.first; t <= run.last; t += LANES) {
    const vfloat scale = load(scales + t);
    vfloat best = splat(FLOAT_MAX);
    vint nearest = splat(run.words[0] & 0xfff);
    for (uint64_t left = run.candidates; left != 0; left &= left - 1) {
      const int32_t packed = run.words[__builtin_ctzll(left)] & 0xfff;
      vfloat distance = {};
      for (int i = 0; i < GROUP; i += 1) {
        const vfloat difference = scale * level_of(packed, i) - group.values[i];
        distance += (group.weights[i] * difference) * difference;
      }
      const vint closer = distance < best;
      best = select(closer, distance, best);
      nearest = select(closer, splat(packed), nearest);
    }
    store(points + t, nearest);
  }
}

// The points of all trials of all groups.
template <int STEPS>
QUANTALOUPE_INLINE void choose_points(const SubBlock &block, const Grid &grid, Trials<STEPS> &trials) {
  Runs<STEPS> runs;
  list_runs(trials, grid, runs);
  GroupOfFour groups[GROUPS];
  for (int k = 0; k < GROUPS; k += 1) groups[k] = group_of(block, k, trials.scales[Trials<STEPS>::COUNT - 1]);
  for (int i = 0; i < runs.moved_count; i += 1) {
    Run &run = runs.all[runs.moved[i]];
    const float *scales = trials.scales;
    run.candidates = remaining(run.words, run.count, groups[run.group], scales[run.first], scales[run.last]);
  }
  for (int i = 0; i < runs.count; i += 1) {
    const Run &run = runs.all[i];
    choose_points(run, groups[run.group], trials.scales, trials.points[run.group]);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
