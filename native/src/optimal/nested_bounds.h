// Lower bounds of the error of a super-block for many d at once, in single precision.
#pragma once

#include "nested_errors.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Parabolas in units of the slack and of the furthest centre, those of a sub-block up to the end of its group.
template <typename Layout>
class NestedBounds {
  static constexpr int REACH = Layout::REACH;
  static constexpr int SUB_BLOCKS = NESTED_WEIGHTS / Layout::SUB_BLOCK;

 public:
  // A part of 1 that covers the rounding of sums of at most 16 terms.
  static constexpr float BEYOND = 1.0001f;

  // Sub-blocks with few parabolas first: they rule out most d at the least cost.
  void load(const ParabolaList (&lists)[SUB_BLOCKS], double slack) {
    int order[SUB_BLOCKS];
    unit = 0;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      for (const Parabola *one = lists[j].begin; one < lists[j].end; one += 1) {
        if (one->centre > unit) unit = one->centre;
      }
      const auto is_longer = [&](int other) { return lists[other].size() > lists[j].size(); };
      int place = j;
      for (; place > 0 && is_longer(order[place - 1]); place -= 1) order[place] = order[place - 1];
      order[place] = j;
    }
    int place = 0;
    groups = 0;
    for (const int j : order) {
      if (lists[j].size() == 0) continue;
      for (const Parabola *one = lists[j].begin; one < lists[j].end; one += 1) {
        // Never infinite: a bound may be too low, but not without meaning.
        const double curvature = one->curvature * unit * unit / slack;
        rough[place++] = {(float)(one->least / slack), (float)(one->centre / unit),
                          curvature < 1e30 ? (float)curvature : 1e30f};
      }
      group_ends[groups++] = place;
    }
  }

  // As parts of the slack, for d of f16.
  vfloat of(vint halves) const {
    const vfloat d = half_to_float(halves) * (float)(1 / unit);
    return of(1.f / d, d, vfloat{});
  }

  // For all d from one half to another.
  vfloat of_runs(vint low, vint high) const {
    const float scaled = (float)(1 / unit);
    const vfloat lowest = half_to_float(low) * scaled;
    const vfloat most = 1.f / lowest;
    const vfloat least = 1.f / (half_to_float(high) * scaled);
    const vfloat middle = 0.5f * (most + least);
    return of(middle, lowest, 0.5f * (most - least) / middle);
  }

 private:
  // For all d with 1 / d within `spread` (a part) of `inverse` and d >= `lowest`; lanes without hope may hold any
  // value above 1. A part of 2^-21 covers the rounding of scale / d.
  vfloat of(vfloat inverse, vfloat lowest, vfloat spread) const {
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

  struct RoughParabola {
    float least;
    float centre;
    float curvature;
  };
  RoughParabola rough[SUB_BLOCKS * Sweep<Layout>::MOST];
  int group_ends[SUB_BLOCKS];
  int groups;
  double unit;
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
