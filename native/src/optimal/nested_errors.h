// Errors of a sub-block under multiples of d, as main/engine/quantizers/optimal/nested-search.ts defines them.
#pragma once

#include <algorithm>

#include "half.h"
#include "nested_block_sweeps.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Those of a sub-block that may matter.
struct ParabolaList {
  const Parabola *begin;
  const Parabola *end;

  int size() const { return (int)(end - begin); }
};

enum class Nearest { LEVEL, CODE };

// The level nearest to x / t, or its code: of whole levels next to the quotient, otherwise by counting midpoints.
template <typename Layout, Nearest WHAT>
vdouble nearest(vdouble x, double t) {
  constexpr double LOWEST = Layout::level(0);
  constexpr double HIGHEST = Layout::level(Layout::LEVELS - 1);
  constexpr double START = WHAT == Nearest::CODE ? 0 : LOWEST;
  if (t == 0) return splat(WHAT == Nearest::CODE ? Layout::BASE : Layout::level(Layout::BASE));
  const vdouble value = t < 0 ? -x : x;
  const double size = __builtin_fabs(t);
  const auto where = [](vlong mask, double step) { return double_of(mask & bits_of(splat(step))); };
  if (!Layout::SYMMETRIC) {
    vdouble found = splat(START);
    for (int code = 0; code + 1 < Layout::LEVELS; code += 1) {
      const double step = WHAT == Nearest::CODE ? 1 : Layout::level(code + 1) - Layout::level(code);
      found += where(value > size * midpoint<Layout>(code), step);
    }
    return found;
  }
  const vdouble guess = minimum(maximum(nearest_whole(value * (1 / size)), splat(LOWEST)), splat(HIGHEST));
  const vlong is_above = (value > size * (guess + 0.5)) & (guess < HIGHEST);
  const vlong is_below = ~(value > size * (guess - 0.5)) & (guess > LOWEST);
  return guess + where(is_above, 1) - where(is_below, 1) + (START - LOWEST);
}

// Error of sub-block j under the scale t.
template <typename Layout>
double error_under(const NestedBlock &block, int j, double t) {
  double terms[Layout::SUB_BLOCK];
  for (int i = 0; i < Layout::SUB_BLOCK; i += DOUBLES) {
    const vdouble x = load_widened(block.weights + Layout::SUB_BLOCK * j + i);
    const vdouble error = x - t * nearest<Layout, Nearest::LEVEL>(x, t);
    store(terms + i, load(block.error_weights + Layout::SUB_BLOCK * j + i) * (error * error));
  }
  double sum = 0;
  for (const double term : terms) sum += term;
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
  errors.clear();
  if (list.begin == list.end) return errors.add(0, error_under<Layout>(block, j, 0));
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
    errors.add(scale, error_under<Layout>(block, j, d * scale));
    if (scale > 0) errors.add(-scale, error_under<Layout>(block, j, -d * scale));
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
