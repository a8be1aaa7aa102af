// The least error of super-blocks x ~ d * scale * level: what it is and why nothing that is left out can be it:
// main/engine/quantizers/optimal/nested-search.ts.
//
// A parabola is the error only between the breakpoints of its codes: here it is also left out where it does not come
// within the slack there. Lanes are runs of d, then single ones: lower bounds of their errors in single precision, a
// little lower than rounding can make them. What they do not rule out is evaluated in double precision, as the
// definition says.
#pragma once

#include "half.h"
#include "kernels.h"
#include "nested_bounds.h"

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
    sweeps.run(block);
    double energy = 0;
    double floor = 0;
    margin = 0;
    for (const SweptError &one : sweeps.errors) {
      energy += one.energy;
      floor += one.floor();
      margin += one.loose;
    }
    if (!(energy > 0 && energy < __builtin_inf())) return;
    margin += (4 * Sweep<Layout>::EVENTS + 64) * 0x1p-53 * energy;
    slack = energy - floor + margin;
    const vint samples = best_samples();
    collect();
    tighten(samples);
    bounds.load(lists, slack);
    find_window();
    bound_candidates();
    choose(floor, out);
  }

 private:
  static constexpr int SUB_BLOCKS = NESTED_WEIGHTS / Layout::SUB_BLOCK;
  static constexpr int REACH = Layout::REACH;
  static constexpr int LARGEST_HALF_BITS = 0x7bff;
  static constexpr int LARGEST_ODD = 2047;
  static constexpr int SAMPLES = 128;
  // Neighbouring f16 that are bounded together: few enough to leave the largest scales apart.
  static constexpr int RUN = REACH <= 32 ? 8 : 4;

  struct Candidate {
    float bound;
    int half;
  };
  struct Best {
    double error;
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

  // Some d that do well with the best parabola of each sub-block alone; in units of the largest centre and curvature.
  // Lowers the slack to their error.
  vint best_samples() {
    RoughBest rough[SUB_BLOCKS];
    double furthest = 0;
    double heaviest = 0;
    for (const SweptError &one : sweeps.errors) {
      if (one.best.centre > furthest) furthest = one.best.centre;
      if (one.best.curvature > heaviest) heaviest = one.best.curvature;
    }
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const Parabola &best = sweeps.errors[j].best;
      rough[j] = {(float)(best.centre / furthest), (float)(best.curvature / heaviest)};
    }
    const int first = finite_half(furthest / (1.03 * REACH), 0);
    const int last = finite_half(furthest * 2.06 / REACH, 0);
    vfloat best = splat(__builtin_inff());
    vint best_half = splat(first);
    const float step = (float)(last - first) / SAMPLES;
    for (int at = 0; at < SAMPLES; at += LANES) {
      vint half;
      for (int lane = 0; lane < LANES; lane += 1) half[lane] = first + (int)(step * (float)(at + lane));
      const vfloat d = half_to_float(half) * (float)(1 / furthest);
      const vfloat inverse = 1.f / d;
      vfloat sum = {};
      for (const RoughBest &one : rough) {
        const vfloat scale = minimum(nearest_whole(one.centre * inverse), splat(REACH - 1.f));
        const vfloat offset = d * scale - one.centre;
        sum += one.curvature * (offset * offset);
      }
      const vint better = sum < best;
      best = select(better, sum, best);
      best_half = select(better, half, best_half);
    }
    for (int lane = 0; lane < LANES; lane += 1) {
      const double error = error_of_best((double)half_to_float((uint16_t)best_half[lane])) + margin;
      if (error < slack) slack = error;
    }
    return best_half;
  }

  // Error above the floor with the best parabola of each sub-block alone.
  double error_of_best(double d) const {
    double sum = 0;
    for (const SweptError &one : sweeps.errors) {
      sum += one.best.at(d * nearest_multiple(one.best.centre, d)) - one.floor();
    }
    return sum;
  }

  static double nearest_multiple(double centre, double d) {
    const double scale = __builtin_floor(centre / d + 0.5);
    return scale < REACH ? scale : REACH - 1;
  }

  void collect() {
    for (int j = 0; j < SUB_BLOCKS; j += 1) lists[j] = {kept[j], kept[j]};
    sweeps.for_each_within(slack, [&](int j, const Parabola &one) {
      kept[j][lists[j].size()] = one;
      lists[j].end += 1;
    });
  }

  // Lowers the slack to the error of d near the best samples, and drops the parabolas that no longer matter.
  void tighten(vint samples) {
    const Best coarse = best_of(samples);
    int32_t near[LANES];
    for (int lane = 0; lane < LANES; lane += 1) near[lane] = coarse.half + lane - LANES / 2;
    const Best fine = best_of(maximum(minimum(load(near), splat(LARGEST_HALF_BITS)), splat(1)));
    const double least = margin + (fine.error < coarse.error ? fine.error : coarse.error);
    if (!(least < slack)) return;
    slack = least;
    const auto no_longer_matters = [&](const Parabola &one) { return one.reached > slack; };
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      lists[j].end = std::remove_if(kept[j], kept[j] + lists[j].size(), no_longer_matters);
    }
  }

  // An error above the floor that scales below the outermost reach.
  Best best_of(vint halves) const {
    vdouble d[2];
    widen(half_to_float(halves), d);
    Best best = {__builtin_inf(), 0};
    for (int half = 0; half < 2; half += 1) {
      const vdouble errors = upper_bound(d[half]);
      for (int lane = 0; lane < DOUBLES; lane += 1) {
        if (errors[lane] < best.error) best = {errors[lane], halves[DOUBLES * half + lane]};
      }
    }
    return best;
  }

  vdouble upper_bound(vdouble d) const {
    const vdouble inverse = 1 / d;
    vdouble sum = {};
    for (const ParabolaList &list : lists) {
      if (list.size() == 0) continue;
      vdouble least = splat(__builtin_inf());
      for (const Parabola *one = list.begin; one < list.end; one += 1) {
        const vdouble scale = minimum(nearest_whole(one->centre * inverse), splat(REACH - 1.0));
        const vdouble offset = d * scale - one->centre;
        least = minimum(one->least + one->curvature * offset * offset, least);
      }
      sum += least;
    }
    return sum;
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

  bool is_candidate(int half) const {
    return half <= last_half || (half <= end_half && half % 2 == 1);
  }

  // Fills candidates.
  void bound_candidates() {
    candidates = 0;
    int waiting = 0;
    vint halves = splat(first_half);
    for (int first = first_half; first <= end_half; first += RUN * LANES) {
      vint low;
      for (int lane = 0; lane < LANES; lane += 1) low[lane] = first + RUN * lane;
      const vint high = minimum(low + (RUN - 1), splat(LARGEST_HALF_BITS));
      uint32_t runs = mask_bits(!(bounds.of_runs(low, high) > bounds.BEYOND));
      for (; runs; runs &= runs - 1) {
        const int start = first + RUN * __builtin_ctz(runs);
        for (int half = start; half < start + RUN; half += 1) {
          if (!is_candidate(half)) continue;
          halves[waiting++] = half;
          if (waiting < LANES) continue;
          bound_singly(halves, waiting);
          waiting = 0;
        }
      }
    }
    if (waiting > 0) bound_singly(halves, waiting);
  }

  void bound_singly(vint halves, int count) {
    const vfloat found = bounds.of(halves);
    uint32_t lanes = mask_bits(!(found > bounds.BEYOND)) & ((1u << count) - 1);
    for (; lanes; lanes &= lanes - 1) {
      const int lane = __builtin_ctz(lanes);
      candidate[candidates++] = {found[lane], halves[lane]};
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
      SubBlockErrors<Layout> found[SUB_BLOCKS];
      double sums[2] = {0, 0};
      for (int j = 0; j < SUB_BLOCKS; j += 1) {
        find_errors(block, j, lists[j], d, margin, found[j]);
        sums[0] += found[j].best(0);
        sums[1] += found[j].best(1);
      }
      for (int sign = 0; sign < 2; sign += 1) {
        if (!(sums[sign] < best || (sums[sign] == best && one.half < best_half))) continue;
        best = sums[sign];
        best_half = one.half;
        found_sign = sign == 1;
        for (int j = 0; j < SUB_BLOCKS; j += 1) best_scales[j] = found[j].scale(sign);
      }
    }
    encode(best_half, found_sign, out);
  }

  void encode(int half, bool negative, NestedEncoding<Layout> &out) {
    const double d = half_to_float((uint16_t)half);
    out.d = (uint16_t)(half | (negative ? 0x8000 : 0));
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const int scale = best_scales[j];
      out.scales[j] = (int8_t)(negative ? -scale : scale);
      for (int i = Layout::SUB_BLOCK * j; i < Layout::SUB_BLOCK * (j + 1); i += DOUBLES) {
        const vdouble codes = nearest<Layout, Nearest::CODE>(load_widened(block.weights + i), d * scale);
        for (int lane = 0; lane < DOUBLES; lane += 1) out.codes[i + lane] = (uint8_t)codes[lane];
      }
    }
  }

  struct RoughBest {
    float centre;
    float curvature;
  };

  NestedBlock block;
  float largest;
  BlockSweeps<Layout> sweeps;
  // An upper bound of the least error less the floor.
  double slack;
  // Above all rounding of errors, and what the sweeps miss.
  double margin;
  // Parabolas that may matter, by sub-block; their errors are above the floor.
  Parabola kept[SUB_BLOCKS][Sweep<Layout>::MOST];
  ParabolaList lists[SUB_BLOCKS];
  NestedBounds<Layout> bounds;
  int first_half;
  int last_half;
  int end_half;
  Candidate candidate[LARGEST_HALF_BITS + LANES];
  int candidates;
  int best_scales[SUB_BLOCKS];
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

}  // namespace quantaloupe::QUANTALOUPE_TARGET
