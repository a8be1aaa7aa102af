// The grid points of all groups of a sub-block of IQ3_XXS and IQ3_S under a list of trial scales.
//
// Codes are rounded with a lane per trial. From trial to trial the scale shrinks by a hundredth, so that a
// group keeps its codes for some trials: a run. For each run of codes that are no point, neighbours are
// excluded first; of those that remain the distances are computed as in ggml, again with a lane per trial.
#pragma once

#include "iq3_neighbours.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr float LARGEST_LEVEL = 15;

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

// Packed codes of groups from what their values are times 1 / (2 scale), before -0.5: rounded to nearest even
// by an addition that leaves the code in the lowest bits.
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
    vuint packed[Trials<STEPS>::VECTORS] = {};
    for (int i = 0; i < GROUP; i += 1) {
      // Negative values round to code 0, as 0 does.
      const float value = block.values[GROUP * group + i];
      const vfloat x = splat(value > 0 ? value : 0);
      for (int v = 0; v < Trials<STEPS>::VECTORS; v += 1) {
        packed[v] += (vuint)bits_of(minimum(halves[v] * x - 0.5f, splat(7.f)) + 12582912.f) << (3 * i);
      }
    }
    for (int v = 0; v < Trials<STEPS>::VECTORS; v += 1) {
      store(trials.codes[group] + v * LANES, (vint)(packed[v] & 0xfff));
    }
    store(trials.codes[group] + Trials<STEPS>::PADDED, vint{});
  }
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
QUANTALOUPE_INLINE void choose_points(const Run &run, const GroupOfFour &group, const float *scales,
                                      int32_t *points) {
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
