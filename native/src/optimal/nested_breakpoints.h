// The scales at which the nearest codes of sub-blocks change: a sub-block to a lane.
#pragma once

#include "half.h"
#include "nested_layout.h"
#include "sorting_network.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr double LARGEST_HALF = 65504;

constexpr int bit_length(int count) { return count <= 1 ? 0 : 1 + bit_length(count / 2); }

// Breakpoints x / midpoint, as floats whose lowest bits name weight and step: those closer than PRECISION may come in
// the wrong order.
template <typename Layout>
struct Breakpoints {
  static constexpr int SIZE = Layout::SUB_BLOCK;
  static constexpr int COUNT = SIZE * Layout::STEPS;
  static constexpr int STEP_BITS = bit_length(Layout::STEPS);
  static constexpr int NAMES = COUNT - 1;  // mask of the bits that name
  // Of neighbours in keys without their names: those differ by one at most, and by less than two units of the float.
  static constexpr double PRECISION = 1.0 / (1 << (21 - bit_length(COUNT)));
  // The largest scale that can be stored. What lies beyond is all one.
  static constexpr double LIMIT = LARGEST_HALF * Layout::REACH;
  static constexpr float BEYOND = (float)(2 * LIMIT);

  vfloat keys[COUNT];

  // For scales of one sign, the largest first; 0 where there is none. counts: masks of weights that matter.
  void collect(const vfloat (&x)[SIZE], const vint (&counts)[SIZE], float sign) {
    for (int i = 0; i < SIZE; i += 1) {
      const vfloat value = sign * x[i];
      const vint up = value > 0;
      for (int step = 0; step < Layout::STEPS; step += 1) {
        const vfloat t = minimum(value * select(up, splat(above(step)), splat(below(step))), splat(BEYOND));
        const int name = i * Layout::STEPS + step;
        keys[name] = float_of(((bits_of(t) & ~NAMES) | name) & counts[i] & (t > 0));
      }
    }
    sort_descending(keys);
  }

 private:
  static constexpr float below(int step) { return (float)(1 / midpoint<Layout>(Layout::BASE - 1 - step)); }

  // Whole levels have the step that one side lacks on both: one order serves both signs.
  static constexpr float above(int step) {
    if (Layout::SYMMETRIC) return -below(step);
    const int code = Layout::BASE + step;
    return code + 1 < Layout::LEVELS ? (float)(1 / midpoint<Layout>(code)) : 0;
  }
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
