// Levels that one scale stretches, for the search in one_scale_search.h; twin: main/engine/quantizers/optimal/
// scaled-levels.ts.
//
// A grid is a struct with
//   LOWEST, HIGHEST, LEAST_MAGNITUDE   ends of the levels, and the least that is not 0
//   CONSECUTIVE                        whether they are all integers between the ends
//   END_STEP, LEAST_STEP               distance of the outermost levels, and of any two neighbours
//   NEAREST_ZERO                       place of the level nearest to 0
//   nearest(scaled)                    level nearest to weight / scale, quickly: either one close to a midpoint
//   nearest_inside(scaled)             the same between the ends
//   place(weight, scale, inverse)      place of the nearest level, by definition; scale positive
//   level(place)
#pragma once

#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

template <int LOW, int HIGH>
struct IntegerGrid {
  static constexpr double LOWEST = LOW;
  static constexpr double HIGHEST = HIGH;
  static constexpr double LEAST_MAGNITUDE = 1;
  static constexpr bool CONSECUTIVE = true;
  static constexpr float END_STEP = 1;
  static constexpr float LEAST_STEP = 1;
  static constexpr int NEAREST_ZERO = -LOW;

  QUANTALOUPE_INLINE vfloat nearest_inside(vfloat scaled) { return nearest_whole(scaled); }

  QUANTALOUPE_INLINE vfloat nearest(vfloat scaled) {
    return nearest_whole(maximum(minimum(scaled, splat((float)HIGH)), splat((float)LOW)));
  }

  // The quotient is off by less than a level; comparisons with exact products decide.
  QUANTALOUPE_INLINE vdouble place(vdouble weight, vdouble scale, vdouble inverse) {
    const vdouble guess = nearest_whole(maximum(minimum(weight * inverse, splat(HIGHEST)), splat(LOWEST)));
    const vlong up = (weight > scale * (guess + 0.5)) & (guess < HIGHEST);
    const vlong down = ~(weight > scale * (guess - 0.5)) & (guess > LOWEST);
    const vdouble one = splat(1.0);
    return guess + double_of(up & bits_of(one)) - double_of(down & bits_of(one)) - LOWEST;
  }

  QUANTALOUPE_INLINE vdouble level(vdouble place) { return place + LOWEST; }
};

constexpr double IQ4_LEVELS[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

constexpr double iq4_midpoint(int k) { return (IQ4_LEVELS[k] + IQ4_LEVELS[k + 1]) / 2; }

// Levels by twice the scaled weight, from -256 up: midpoints are halves of integers.
struct Iq4Nearest {
  float levels[512];

  constexpr Iq4Nearest() : levels() {
    for (int i = 0; i < 512; i += 1) {
      int place = 0;
      while (place < 15 && i - 256 >= 2 * iq4_midpoint(place)) place += 1;
      levels[i] = (float)IQ4_LEVELS[place];
    }
  }
};

constexpr Iq4Nearest IQ4_NEAREST = {};

struct Iq4Grid {
  static constexpr double LOWEST = -127;
  static constexpr double HIGHEST = 113;
  static constexpr double LEAST_MAGNITUDE = 1;
  static constexpr bool CONSECUTIVE = false;
  static constexpr float END_STEP = 23;
  static constexpr float LEAST_STEP = 11;
  static constexpr int NEAREST_ZERO = 8;

  QUANTALOUPE_INLINE vfloat nearest(vfloat scaled) {
    const vfloat inside = maximum(minimum(scaled, splat(127.f)), splat(-127.f));
    return gather(IQ4_NEAREST.levels, to_int((inside + 128.f) * 2.f));
  }

  // NaN must not leave the table.
  QUANTALOUPE_INLINE vfloat nearest_inside(vfloat scaled) { return nearest(scaled); }

  QUANTALOUPE_INLINE vlong place(vdouble weight, vdouble scale, vdouble) {
    vlong place = {};
    for (int k = 0; k < 15; k += 1) place -= weight > scale * iq4_midpoint(k);
    return place;
  }

  QUANTALOUPE_INLINE vdouble level(vlong place) { return gather(IQ4_LEVELS, place); }
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
