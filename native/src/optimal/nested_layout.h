// Formats whose weights are d * scale * level; twin: main/engine/quantizers/optimal/nested-layout.ts.
#pragma once

#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int NESTED_WEIGHTS = 256;

// What a step outward adds to the magnitude of a level, and to its square.
struct LevelChange {
  vdouble level;
  vdouble square;
};

// Whole levels -COUNT ... COUNT - 1 for sub-blocks of 16, with scales -SCALES ... SCALES - 1.
template <int COUNT, int SCALES>
struct WholeLayout {
  static constexpr int SUB_BLOCK = 16;
  static constexpr int LEVELS = 2 * COUNT;
  static constexpr int BASE = COUNT;  // the level nearest to 0
  static constexpr int STEPS = COUNT;
  static constexpr int REACH = SCALES;
  // Up to the step to the outermost level, which one side lacks, both signs of a scale give the same codes.
  static constexpr bool SYMMETRIC = true;
  static constexpr double level(int code) { return code - COUNT; }

  static LevelChange change(int step, vlong) { return {splat(1.0), splat(2. * step + 1)}; }
  static constexpr double midpoint_before(int step, bool) { return step + 0.5; }
};

constexpr int UNEVEN_LEVELS[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// Of steps from level 1 up, then of those down; the step above the highest level is none.
struct UnevenChanges {
  double level[16];
  double square[16];
  double midpoint[16];  // its magnitude

  constexpr UnevenChanges() : level(), square(), midpoint() {
    for (int step = 0; step < 8; step += 1) {
      if (step < 7) set(step, UNEVEN_LEVELS[8 + step], UNEVEN_LEVELS[9 + step]);
      set(8 + step, UNEVEN_LEVELS[8 - step], UNEVEN_LEVELS[7 - step]);
    }
  }

 private:
  constexpr void set(int place, double old, double next) {
    level[place] = old < next ? next - old : old - next;
    square[place] = next * next - old * old;
    midpoint[place] = (old < next ? old + next : -old - next) / 2;
  }
};

// The levels of IQ4_XS.
struct UnevenLayout {
  static constexpr int SUB_BLOCK = 32;
  static constexpr int LEVELS = 16;
  static constexpr int BASE = 8;
  static constexpr int STEPS = 8;  // from the base to the furthest level
  static constexpr int REACH = 32;
  static constexpr bool SYMMETRIC = false;
  static constexpr double level(int code) { return UNEVEN_LEVELS[code]; }

  // Masks of `down` name the lanes that go towards the negative levels.
  static LevelChange change(int step, vlong down) {
    return {select(down, splat(CHANGES.level[STEPS + step]), splat(CHANGES.level[step])),
            select(down, splat(CHANGES.square[STEPS + step]), splat(CHANGES.square[step]))};
  }

  static double midpoint_before(int step, bool down) { return CHANGES.midpoint[down ? STEPS + step : step]; }

 private:
  static constexpr UnevenChanges CHANGES{};
};

template <typename Layout>
constexpr double midpoint(int code) {
  return (Layout::level(code) + Layout::level(code + 1)) / 2;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
