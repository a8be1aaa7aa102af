// Formats whose weights are d * scale * level; twin: main/engine/quantizers/optimal/nested-layout.ts.
#pragma once

namespace quantaloupe::QUANTALOUPE_TARGET {

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
};

// The levels of IQ4_XS.
struct UnevenLayout {
  static constexpr int SUB_BLOCK = 32;
  static constexpr int LEVELS = 16;
  static constexpr int BASE = 8;
  static constexpr int STEPS = 8;  // from the base to the furthest level
  static constexpr int REACH = 32;
  static constexpr bool SYMMETRIC = false;
  static constexpr double level(int code) {
    constexpr int VALUES[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    return VALUES[code];
  }
};

template <typename Layout>
constexpr double midpoint(int code) {
  return (Layout::level(code) + Layout::level(code + 1)) / 2;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
