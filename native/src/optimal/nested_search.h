// The least error of super-blocks x ~ d * scale * level: what it is and why nothing that is left out can be it:
// main/engine/quantizers/optimal/nested-search.ts.
//
// Here lanes are runs of d, then single ones: lower bounds of their errors in single precision, a little lower than
// rounding can make them. What they do not rule out is evaluated in double precision, as the definition says.
#pragma once

#include "half.h"
#include "kernels.h"
#include "nested_errors.h"
#include "nested_parabolas.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

template <typename Layout>
struct NestedEncoding {
  uint16_t d;
  int8_t scales[NESTED_WEIGHTS / Layout::SUB_BLOCK];
  uint8_t codes[NESTED_WEIGHTS];
};

template <typename Layout>
class NestedSearch {
 public:
  void run(const float *weights, const double *error_weights, NestedEncoding<Layout> &out) {
    block.weights = weights;
    block.error_weights = error_weights;
    out.d = 0;
    memset(out.scales, 0, sizeof out.scales);
    memset(out.codes, Layout::BASE, sizeof out.codes);
    if (!is_finite()) return;
    find_parabolas(weights, error_weights, parabolas);
    double energy = 0;
    double floor = 0;
    margin = 0;
    for (const auto &one : parabolas) {
      energy += one.energy;
      floor += one.floor;
      margin += one.loose;
    }
    if (!(energy > 0)) return;
    margin += (4 * SubBlockParabolas<Layout>::EVENTS + 64) * 0x1p-53 * energy;
    const double sampled = sample_slack();
    slack = (sampled < energy - floor ? sampled : energy - floor) + margin;
    collect();
    find_window();
    bound_candidates();
    choose(floor, out);
  }

 private:
  static constexpr int SUB_BLOCKS = NESTED_WEIGHTS / Layout::SUB_BLOCK;
  static constexpr int REACH = Layout::REACH;
  static constexpr int MOST = SUB_BLOCKS * SubBlockParabolas<Layout>::MOST;
  static constexpr int LARGEST_HALF_BITS = 0x7bff;
  static constexpr int LARGEST_ODD = 2047;
  static constexpr int SAMPLES = 128;
  // Neighbouring f16 that are bounded together.
  static constexpr int RUN = 4;

  struct Candidate {
    float bound;
    int half;
  };

  // Also tells how large weights are. Garbage in weights or importance must not reach the search.
  bool is_finite() {
    largest = 0;
    bool finite = true;
    for (int i = 0; i < NESTED_WEIGHTS; i += 1) {
      const float x = __builtin_fabsf(block.weights[i]);
      largest = x > largest ? x : largest;
      finite &= x < __builtin_inff() && block.error_weights[i] >= 0 && block.error_weights[i] < __builtin_inf();
    }
    return finite;
  }

  static int finite_half(double magnitude, int places) {
    const int half = float_to_half((float)magnitude) + places;
    return half < 1 ? 1 : half > LARGEST_HALF_BITS ? LARGEST_HALF_BITS : half;
  }

  // Error above the floor with the best parabola of each sub-block alone.
  double error_of_best(double d) const {
    double sum = 0;
    for (const auto &one : parabolas) {
      if (one.count == 0) continue;
      const double middle = one.centre[one.best];
      double scale = __builtin_floor(middle / d + 0.5);
      if (!(scale < REACH)) scale = REACH - 1;
      const double offset = d * scale - middle;
      sum += one.least[one.best] - one.floor + one.curvature[one.best] * offset * offset;
    }
    return sum;
  }

  double sample_slack() const {
    double furthest = 0;
    double heaviest = 0;
    for (const auto &one : parabolas) {
      if (one.count == 0) continue;
      if (one.centre[one.best] > furthest) furthest = one.centre[one.best];
      if (one.curvature[one.best] > heaviest) heaviest = one.curvature[one.best];
    }
    const int first = finite_half(furthest / (1.03 * REACH), 0);
    const int last = finite_half(furthest * 2.06 / REACH, 0);
    // Roughly, to find the best sample; in units of the largest centre and curvature.
    vfloat best = splat(__builtin_inff());
    vint best_half = splat(first);
    const float step = (float)(last - first) / SAMPLES;
    for (int at = 0; at < SAMPLES; at += LANES) {
      vint half;
      for (int lane = 0; lane < LANES; lane += 1) half[lane] = first + (int)(step * (float)(at + lane));
      const vfloat d = half_to_float(half) * (float)(1 / furthest);
      const vfloat inverse = 1.f / d;
      vfloat sum = {};
      for (const auto &one : parabolas) {
        if (one.count == 0) continue;
        const float middle = (float)(one.centre[one.best] / furthest);
        const vfloat scale = minimum(nearest_whole(middle * inverse), splat(REACH - 1.f));
        const vfloat offset = d * scale - middle;
        sum += (float)(one.curvature[one.best] / heaviest) * (offset * offset);
      }
      const vint better = sum < best;
      best = select(better, sum, best);
      best_half = select(better, half, best_half);
    }
    int lane_of_best = 0;
    for (int lane = 1; lane < LANES; lane += 1) {
      if (best[lane] < best[lane_of_best]) lane_of_best = lane;
    }
    return error_of_best((double)half_to_float((uint16_t)best_half[lane_of_best]));
  }

  static vfloat nearest_whole(vfloat value) { return (value + 12582912.f) - 12582912.f; }

  // Sub-blocks with few parabolas first: they rule out most d at the least cost.
  void collect() {
    int order[SUB_BLOCKS];
    int counts[SUB_BLOCKS];
    int count = 0;
    unit = 0;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const SubBlockParabolas<Layout> &one = parabolas[j];
      lists[j].begin = kept + count;
      for (int at = 0; at < one.count; at += 1) {
        if (one.least[at] - one.floor > slack || one.reached(at) - one.floor > slack) continue;
        kept[count++] = {one.least[at] - one.floor, one.centre[at], one.curvature[at]};
        if (one.centre[at] > unit) unit = one.centre[at];
      }
      lists[j].end = kept + count;
      counts[j] = (int)(lists[j].end - lists[j].begin);
      int place = j;
      for (; place > 0 && counts[order[place - 1]] > counts[j]; place -= 1) order[place] = order[place - 1];
      order[place] = j;
    }
    int place = 0;
    groups = 0;
    for (const int j : order) {
      if (counts[j] == 0) continue;
      for (const Parabola *one = lists[j].begin; one < lists[j].end; one += 1) {
        // Never infinite: a bound may be too low, but not without meaning.
        const double curvature = one->curvature * unit * unit / slack;
        rough[place++] = {(float)(one->least / slack), (float)(one->centre / unit),
                          curvature < 1e30 ? (float)curvature : 1e30f};
      }
      group_ends[groups++] = place;
    }
  }

  void find_window() {
    double least = 0;
    double most = 0;
    for (const auto &list : lists) {
      double low = __builtin_inf();
      for (const Parabola *one = list.begin; one < list.end; one += 1) {
        const double radius = __builtin_sqrt((slack - one->least) / one->curvature);
        if (one->centre - radius < low) low = one->centre - radius;
        if (one->centre + radius > most) most = one->centre + radius;
      }
      if (low > least && low < __builtin_inf()) least = low;
    }
    const int lowest = finite_half((double)largest * 0x1p-40, 0);
    const int highest = finite_half(2 * (double)largest, 1);
    const int from = finite_half(least / REACH, -1);
    const int to = finite_half(2 * most / REACH, 1);
    first_half = from > lowest ? from : lowest;
    last_half = to > lowest ? to : lowest;
    if (last_half > highest) last_half = highest;
    end_half = last_half > LARGEST_ODD ? last_half : LARGEST_ODD;
    if (end_half > highest) end_half = highest;
  }

  // Lower bounds, as parts of the slack, for all d with 1 / d within `spread` (a part) of `inverse` and d >= `lowest`;
  // lanes without hope may hold any value above 1. A part of 2^-21 covers the rounding of scale / d.
  vfloat bound(vfloat inverse, vfloat lowest, vfloat spread) const {
    const vfloat part = spread + 0x1p-21f;
    vfloat sum = {};
    int at = 0;
    for (int group = 0; group < groups; group += 1) {
      vfloat least = splat(__builtin_inff());
      for (; at < group_ends[group]; at += 1) {
        const RoughParabola &one = rough[at];
        const vfloat scale = one.centre * inverse;
        const vfloat nearest = minimum(nearest_whole(scale), splat((float)REACH));
        const vfloat offset = lowest * maximum(magnitude(scale - nearest) - scale * part, vfloat{});
        least = minimum(one.curvature * (offset * offset) + one.least, least);
      }
      sum += least;
      if (!any(!(sum > BEYOND))) break;
    }
    return sum;
  }

  // A part of 1 that covers the rounding of sums of at most 16 terms.
  static constexpr float BEYOND = 1.0001f;

  bool is_candidate(int half) const {
    return half <= last_half || (half <= end_half && half % 2 == 1);
  }

  // Fills candidates, in ascending order of their bounds.
  void bound_candidates() {
    candidates = 0;
    const float scaled = (float)(1 / unit);
    int waiting = 0;
    vint halves = splat(first_half);
    for (int first = first_half; first <= end_half; first += RUN * LANES) {
      vint low;
      for (int lane = 0; lane < LANES; lane += 1) low[lane] = first + RUN * lane;
      const vint high = minimum(low + (RUN - 1), splat(LARGEST_HALF_BITS));
      const vfloat lowest = half_to_float(low) * scaled;
      const vfloat highest = half_to_float(high) * scaled;
      const vfloat most = 1.f / lowest;
      const vfloat least = 1.f / highest;
      const vfloat middle = 0.5f * (most + least);
      const vfloat spread = 0.5f * (most - least) / middle;
      uint32_t runs = mask_bits(!(bound(middle, lowest, spread) > BEYOND));
      for (; runs; runs &= runs - 1) {
        const int start = first + RUN * __builtin_ctz(runs);
        for (int half = start; half < start + RUN; half += 1) {
          if (!is_candidate(half)) continue;
          halves[waiting++] = half;
          if (waiting < LANES) continue;
          bound_singly(halves, waiting, scaled);
          waiting = 0;
        }
      }
    }
    if (waiting > 0) bound_singly(halves, waiting, scaled);
  }

  void bound_singly(vint halves, int count, float scaled) {
    const vfloat d = half_to_float(halves) * scaled;
    const vfloat bounds = bound(1.f / d, d, vfloat{});
    uint32_t lanes = mask_bits(!(bounds > BEYOND)) & ((1u << count) - 1);
    for (; lanes; lanes &= lanes - 1) {
      const int lane = __builtin_ctz(lanes);
      candidate[candidates++] = {bounds[lane], halves[lane]};
    }
  }

  void choose(double floor, NestedEncoding<Layout> &out) {
    double best = __builtin_inf();
    int best_half = 0;
    bool found_sign = false;
    for (int left = candidates; left > 0; left -= 1) {
      Candidate *next = candidate;
      for (int at = 1; at < left; at += 1) {
        if (candidate[at].bound < next->bound) next = candidate + at;
      }
      const Candidate one = *next;
      *next = candidate[left - 1];
      if (floor + (double)one.bound * (1 - 1e-4) * slack - margin > best) break;
      const double d = half_to_float((uint16_t)one.half);
      SubBlockErrors<Layout> errors;
      double sums[2] = {0, 0};
      for (int j = 0; j < SUB_BLOCKS; j += 1) {
        find_errors(block, j, lists[j], d, margin, errors);
        sums[0] += errors.best(0);
        sums[1] += errors.best(1);
      }
      for (int sign = 0; sign < 2; sign += 1) {
        if (!(sums[sign] < best || (sums[sign] == best && one.half < best_half))) continue;
        best = sums[sign];
        best_half = one.half;
        found_sign = sign == 1;
      }
    }
    encode(best_half, found_sign, out);
  }

  void encode(int half, bool negative, NestedEncoding<Layout> &out) {
    const double d = half_to_float((uint16_t)half);
    out.d = (uint16_t)(half | (negative ? 0x8000 : 0));
    SubBlockErrors<Layout> errors;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      find_errors(block, j, lists[j], d, margin, errors);
      const int scale = errors.scale(negative);
      out.scales[j] = (int8_t)(negative ? -scale : scale);
      error_under<Layout>(block, j, d * scale, out.codes);
    }
  }

  NestedBlock block;
  float largest;
  SubBlockParabolas<Layout> parabolas[SUB_BLOCKS];
  double slack;
  double margin;
  double unit;
  Parabola kept[MOST];
  ParabolaList lists[SUB_BLOCKS];
  struct RoughParabola {
    float least;
    float centre;
    float curvature;
  };
  // In units of the slack and of the furthest centre; those of a sub-block up to the end of its group.
  RoughParabola rough[MOST];
  int group_ends[SUB_BLOCKS];
  int groups;
  int first_half;
  int last_half;
  int end_half;
  Candidate candidate[LARGEST_HALF_BITS + LANES];
  int candidates;
};

// Calls write(encoding, bytes) for every super-block.
template <typename Layout, int BLOCK, int BYTES, typename Write>
void search_nested(const SearchedBlocks &blocks, Write write) {
  static_assert(BLOCK == NESTED_WEIGHTS, "whole super-blocks");
  NestedSearch<Layout> *search = new NestedSearch<Layout>;
  NestedEncoding<Layout> found;
  for (size_t at = 0; at < blocks.count; at += 1) {
    search->run(blocks.weights + at * BLOCK, blocks.error_weights + at * BLOCK, found);
    write(found, blocks.out + at * BYTES);
  }
  delete search;
}

// Error weights of ggml's searches: squared weights, or importance times the root of squared weight and variance,
// in single precision. variance_of takes the sum of the squares of the block.
template <int BLOCK, typename Variance>
void square_root_weights(const float *weights, const float *importance, size_t count, double *out, Variance variance_of) {
  for (size_t block = 0; block < count; block += BLOCK) {
    float sum = 0;
    for (size_t i = block; i < block + BLOCK; i += 1) sum += weights[i] * weights[i];
    const float variance = variance_of(sum);
    for (size_t i = block; i < block + BLOCK; i += 1) {
      const float x = weights[i];
      if (importance) out[i] = importance[i] * __builtin_sqrtf(variance + x * x);
      else out[i] = (double)x * (double)x;
    }
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
