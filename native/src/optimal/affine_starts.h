// Where the search of Q4_1 and Q5_1 starts; the twin of main/engine/quantizers/optimal/affine-starts.ts.
// Every lane has a block of its own, and two vectors of them are worked on at once: sums wait for each other.
#pragma once

#include "affine_block.h"
#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace affine {

constexpr int STARTS = 3;
constexpr int GROUPS = 2;
constexpr int AT_ONCE = GROUPS * DOUBLES;

struct Starts {
  vdouble gain[STARTS], scale[STARTS], minimum[STARTS];
};

// AT_ONCE blocks.
struct BlockLanes {
  vdouble values[LEGACY_BLOCK][GROUPS];
  vdouble error_weights[LEGACY_BLOCK][GROUPS];
  vdouble total_weight[GROUPS], low[GROUPS], unit[GROUPS], high[GROUPS];

  void load(const Block (&blocks)[AT_ONCE], int steps) {
    for (int g = 0; g < GROUPS; g += 1) {
      for (int lane = 0; lane < DOUBLES; lane += 1) {
        const Block &block = blocks[g * DOUBLES + lane];
        for (int i = 0; i < LEGACY_BLOCK; i += 1) {
          values[i][g][lane] = block.values[i];
          error_weights[i][g][lane] = block.error_weights[i];
        }
        total_weight[g][lane] = block.total_weight;
        low[g][lane] = block.low;
        high[g][lane] = block.high;
        unit[g][lane] = (block.high - block.low) / steps;
      }
    }
  }
};

// A scale and minimum of every block, and what its codes take off the sum of squares.
struct Trial {
  vdouble scale[GROUPS], low[GROUPS], gain[GROUPS];
};

// Rounds to the nearest codes, and fits scale and minimum to them.
QUANTALOUPE_INLINE void fit(const BlockLanes &blocks, double steps, Trial &trial) {
  vdouble inverse[GROUPS], codes[GROUPS] = {}, squares[GROUPS] = {}, products[GROUPS] = {};
  const vdouble none = {}, most = splat(steps);
  for (int g = 0; g < GROUPS; g += 1) inverse[g] = 1.0 / trial.scale[g];
  for (int i = 0; i < LEGACY_BLOCK; i += 1) {
    for (int g = 0; g < GROUPS; g += 1) {
      const vdouble value = blocks.values[i][g];
      const vdouble whole = nearest_whole((value - trial.low[g]) * inverse[g]);
      const vdouble code = minimum(maximum(whole, none), most);
      const vdouble weighted = blocks.error_weights[i][g] * code;
      codes[g] += weighted;
      squares[g] += weighted * code;
      products[g] += weighted * value;
    }
  }
  for (int g = 0; g < GROUPS; g += 1) {
    const vdouble spread = squares[g] - codes[g] * codes[g] / blocks.total_weight[g];
    trial.scale[g] = products[g] / spread;
    trial.low[g] = -trial.scale[g] * codes[g] / blocks.total_weight[g];
    trial.gain[g] = products[g] * trial.scale[g];
  }
}

// Puts a trial in its place among the best, unless it is there: the same codes have the same sums.
QUANTALOUPE_INLINE void keep_trial(const Trial &trial, Starts (&starts)[GROUPS]) {
  for (int g = 0; g < GROUPS; g += 1) {
    Starts &kept = starts[g];
    vdouble gain = trial.gain[g], scale = trial.scale[g], low = trial.low[g];
    vlong other = ~splat((int64_t)0);
    for (int s = 0; s < STARTS; s += 1) other &= ~(kept.gain[s] == gain);
    if (!any(other & (gain > kept.gain[STARTS - 1]))) continue;
    for (int s = 0; s < STARTS; s += 1) {
      const vlong better = other & (gain > kept.gain[s]);
      const vdouble worse_gain = kept.gain[s], worse_scale = kept.scale[s], worse_minimum = kept.minimum[s];
      kept.gain[s] = select(better, gain, worse_gain);
      kept.scale[s] = select(better, scale, worse_scale);
      kept.minimum[s] = select(better, low, worse_minimum);
      gain = select(better, worse_gain, gain);
      scale = select(better, worse_scale, scale);
      low = select(better, worse_minimum, low);
    }
  }
}

inline void find_starts(const BlockLanes &blocks, int steps, Starts (&starts)[GROUPS]) {
  for (int g = 0; g < GROUPS; g += 1) starts[g] = {};
  const int last_insets = steps < 31 ? 12 : 19;
  for (int first = 0; first < 4; first += 1) {
    const double first_inset = -0.4 + 0.6 * first;
    for (int last = 0; last < last_insets; last += 1) {
      const double last_inset = 2.5 - 0.5 * last;
      Trial trial;
      for (int g = 0; g < GROUPS; g += 1) {
        const vdouble top = blocks.high[g] - last_inset * blocks.unit[g];
        trial.low[g] = blocks.low[g] + first_inset * blocks.unit[g];
        trial.scale[g] = (top - trial.low[g]) / (double)steps;
      }
      fit(blocks, steps, trial);
      fit(blocks, steps, trial);
      keep_trial(trial, starts);
    }
  }
}

}  // namespace affine
}  // namespace quantaloupe::QUANTALOUPE_TARGET
