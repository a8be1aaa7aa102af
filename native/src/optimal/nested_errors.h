// Errors of a sub-block under multiples of d, as main/engine/quantizers/optimal/nested-search.ts defines them.
#pragma once

#include <algorithm>

#include "nested_parabolas.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

struct NestedBlock {
  const float *weights;
  const double *error_weights;
};

// least + curvature (|t| - centre)^2
struct Parabola {
  double least;
  double centre;
  double curvature;

  double at(double t) const {
    const double offset = t - centre;
    return least + curvature * offset * offset;
  }
};

// Those of a sub-block that may matter.
struct ParabolaList {
  const Parabola *begin;
  const Parabola *end;
};

template <typename Layout>
int nearest_code(double x, double t) {
  if (t == 0) return Layout::BASE;
  int code = 0;
  for (int width = Layout::LEVELS / 2; width > 0; width /= 2) {
    const double beyond = t * midpoint<Layout>(code + width - 1);
    if (t > 0 ? x > beyond : x < beyond) code += width;
  }
  return code;
}

// Error of sub-block j under the scale t, whose codes it writes.
template <typename Layout>
double error_under(const NestedBlock &block, int j, double t, uint8_t *codes) {
  double sum = 0;
  for (int i = Layout::SUB_BLOCK * j; i < Layout::SUB_BLOCK * (j + 1); i += 1) {
    const double x = block.weights[i];
    const int code = nearest_code<Layout>(x, t);
    codes[i] = (uint8_t)code;
    const double error = x - t * Layout::level(code);
    sum += block.error_weights[i] * (error * error);
  }
  return sum;
}

// The least errors of a sub-block: with multiples that both signs of d allow, and with the outermost of either.
template <typename Layout>
struct SubBlockErrors {
  double inner;
  int inner_scale;
  double outer[2];  // of -reach |d|, for positive d, and reach |d|

  void clear() {
    inner = outer[0] = outer[1] = __builtin_inf();
    inner_scale = 0;
  }

  double best(int sign) const { return inner < outer[sign] ? inner : outer[sign]; }

  // The multiple of |d|.
  int scale(int sign) const {
    if (!(outer[sign] < inner)) return inner_scale;
    return sign == 0 ? -Layout::REACH : Layout::REACH;
  }

  void add(int scale, double error) {
    if (scale == -Layout::REACH) {
      outer[0] = error;
    } else if (scale == Layout::REACH) {
      outer[1] = error;
    } else if (error < inner || (error == inner && is_before(scale))) {
      inner = error;
      inner_scale = scale;
    }
  }

 private:
  // Of equals the least magnitude, then the positive one.
  bool is_before(int scale) const {
    const int one = scale < 0 ? -scale : scale;
    const int other = inner_scale < 0 ? -inner_scale : inner_scale;
    return one < other || (one == other && scale > 0);
  }
};

// Evaluates the multiples of d that can be least by the parabolas: next to a centre, as a rule.
template <typename Layout>
void find_errors(const NestedBlock &block, int j, ParabolaList list, double d, double margin,
                 SubBlockErrors<Layout> &errors) {
  constexpr int REACH = Layout::REACH;
  uint8_t codes[NESTED_WEIGHTS];
  errors.clear();
  if (list.begin == list.end) return errors.add(0, error_under<Layout>(block, j, 0, codes));
  const double inverse = 1 / d;
  double least = __builtin_inf();
  const auto lower_of = [&](const Parabola &one) {
    const double scale = one.centre * inverse;
    return scale < REACH ? (int)scale : REACH;
  };
  const auto upper_of = [](int lower) { return lower < REACH ? lower + 1 : REACH; };
  for (const Parabola *one = list.begin; one < list.end; one += 1) {
    const int lower = lower_of(*one);
    const double below = one->at(d * lower);
    const double above = one->at(d * upper_of(lower));
    least = below < least ? below : least;
    least = above < least ? above : least;
  }
  bool tried[REACH + 1] = {};
  const auto add = [&](int scale) {
    if (tried[scale]) return;
    tried[scale] = true;
    errors.add(scale, error_under<Layout>(block, j, d * scale, codes));
    if (scale > 0) errors.add(-scale, error_under<Layout>(block, j, -d * scale, codes));
  };
  // Where the scale that is wanted lies at the end of what f16 can hold, every multiple is evaluated.
  const auto is_at_the_end = [](const Parabola &one) { return one.centre > LARGEST_HALF * REACH / 2; };
  if (std::any_of(list.begin, list.end, is_at_the_end)) {
    for (int scale = 0; scale <= REACH; scale += 1) add(scale);
    return;
  }
  for (const Parabola *one = list.begin; one < list.end; one += 1) {
    const int lower = lower_of(*one);
    const double most = least + margin;
    for (int scale = lower; scale >= 0 && one->at(d * scale) <= most; scale -= 1) add(scale);
    for (int scale = lower + 1; scale <= REACH && one->at(d * scale) <= most; scale += 1) add(scale);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
