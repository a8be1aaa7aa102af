// The best f16 scale of a block of 32 weights, as main/engine/quantizers/optimal/one-scale.ts defines it, found by
// trying scales from coarse to fine instead of sweeping breakpoints.
//
// How no best scale D is missed, with s = sum w level^2 of its codes, g <= 2^-10 D the distance of its neighbours among
// f16, and normal f16 below the largest throughout (groups with subnormals are never
// ruled out, and larger weights searched otherwise):
// - For the codes of D the error is a parabola in d, with its bottom at d*, that is nowhere below E. No neighbour of D
//   being better, D lies within g / 2 of d*, and at another scale E(d) <= E(D) + s (|d - D| + g / 2)^2.
// - s d*^2 is at most the energy `sum w x^2` (Cauchy, Schwarz). So with delta = (|d - D| + g / 2) / D, a scale d whose
//   error exceeds the best by more than delta^2 of the energy has no D within |d - D|, and one scale of a group speaks for all.
// - Rounding may make a neighbour look worse that is better by 1e-13 of E. While s D^2 is at least 1e-11 of the energy,
//   which the search asks for, that moves D by less than a hundredth of g; delta has room for more.
// Trials are made in single precision, with weights and error weights divided by powers of two and the largest. A level
// by a rounded quotient may be wrong close to a midpoint, where both errors are nearly the same: `Grid` tells by how much
// the trial's error may exceed E. Sums of terms that are not negative are off by 40 * 2^-24 at most.
#pragma once

#include "one_scale_exact.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int MOST_TRIALS = 4096;
constexpr int STRIP = 2 * LANES;
constexpr float TRIAL_ROUNDING = 4e-6f;
constexpr float TRIAL_UNDERFLOW = 1e-35f;

// Scales as f16 bits and the errors of trials; partial where they are clearly too large. Room for a strip more.
struct Trials {
  int32_t bits[MOST_TRIALS + STRIP];
  float errors[MOST_TRIALS + STRIP];
  int count = 0;

  bool add(int32_t scale) {
    if (count == MOST_TRIALS) return false;
    bits[count] = scale;
    count += 1;
    return true;
  }
};

// What is known of a block in double precision; weights that count nothing are left out.
struct BlockExtent {
  double above = 0;  // largest weight, 0 if none is positive
  double below = 0;  // largest magnitude of a negative weight
  double heaviest = 0;
  bool even = false;  // all error weights are the same
};

// The block for trials: magnitudes up to 2, error weights up to 1.
struct TrialBlock {
  float weights[SCALED_BLOCK];
  float error_weights[SCALED_BLOCK];
  float unit;    // what weights were multiplied with
  float energy;  // at least the sum of w x^2
  float best;    // at least the least error
  float clamped_below;  // scales of this magnitude or more put all weights between the ends of the levels
};

// The largest lane.
QUANTALOUPE_INLINE double largest_lane(vdouble value) {
  double largest = value[0];
  for (int lane = 1; lane < DOUBLES; lane += 1) largest = value[lane] > largest ? value[lane] : largest;
  return largest;
}

QUANTALOUPE_INLINE float largest_lane(vfloat value) {
  float largest = value[0];
  for (int lane = 1; lane < LANES; lane += 1) largest = value[lane] > largest ? value[lane] : largest;
  return largest;
}

QUANTALOUPE_INLINE BlockExtent measure_extent(const float *weights, const double *error_weights) {
  vdouble above = {};
  vdouble below = {};
  vdouble heaviest = {};
  vlong even = splat((int64_t)-1);
  for (int i = 0; i < SCALED_BLOCK; i += DOUBLES) {
    const vdouble weight = load_widened(weights + i);
    const vdouble error_weight = load(error_weights + i);
    const vdouble counted = select(error_weight > 0.0, weight, vdouble{});
    above = maximum(counted, above);
    below = maximum(-counted, below);
    heaviest = maximum(error_weight, heaviest);
    even &= error_weight == error_weights[0];
  }
  const bool all_even = mask_bits(even) == (1u << DOUBLES) - 1;
  return {largest_lane(above), largest_lane(below), largest_lane(heaviest), all_even};
}

// |d| beyond which there is a better scale or one as good that is preferred; see one-scale.ts.
template <typename Grid>
double largest_scale(const BlockExtent &extent, bool negative) {
  const double above = negative ? extent.below : extent.above;
  const double below = negative ? extent.above : extent.below;
  const double larger = above > below ? above : below;
  if (!Grid::CONSECUTIVE) return 2 * larger / Grid::LEAST_MAGNITUDE;
  constexpr int LOW = (int)-Grid::LOWEST;
  constexpr int HIGH = (int)Grid::HIGHEST;
  double halved = 0x1p-13;
  if (above / (HIGH / 2 + 0.5) > halved) halved = above / (HIGH / 2 + 0.5);
  if (below / (LOW / 2 + 0.5) > halved) halved = below / (LOW / 2 + 0.5);
  if (!negative) return halved;
  const double unmatched = HIGH > LOW ? above / (LOW + 0.5) : HIGH < LOW ? below / (HIGH + 0.5) : 0;
  return unmatched < halved ? unmatched : halved;
}

// Magnitude bits of an f16 at or beyond a bound, one step of room included.
QUANTALOUPE_INLINE int32_t half_above(double scale) {
  const int32_t bits = float_to_half((float)scale) + 1;
  return bits < LARGEST_HALF ? bits : LARGEST_HALF;
}

QUANTALOUPE_INLINE int32_t half_below(double scale) {
  const int32_t bits = scale > 0 ? float_to_half((float)scale) - 1 : 0;
  return bits > LARGEST_HALF ? LARGEST_HALF : bits < 1 ? 1 : bits;
}

template <typename Grid>
QUANTALOUPE_INLINE void load_trial_block(const float *weights, const double *error_weights,
                                         const BlockExtent &extent, TrialBlock &block) {
  const double larger = extent.above > extent.below ? extent.above : extent.below;
  block.unit = 1 / bits_float(float_bits((float)larger) & 0x7f800000u);
  for (int i = 0; i < SCALED_BLOCK; i += DOUBLES) {
    const vdouble share = load(error_weights + i) / extent.heaviest;
    const vfloat_half narrow = __builtin_convertvector(share, vfloat_half);
    memcpy(block.error_weights + i, &narrow, sizeof narrow);
    const vdouble counted = select(share > 0.0, load_widened(weights + i), vdouble{}) * (double)block.unit;
    const vfloat_half weight = __builtin_convertvector(counted, vfloat_half);
    memcpy(block.weights + i, &weight, sizeof weight);
  }
  vfloat energy = {};
  for (int i = 0; i < SCALED_BLOCK; i += LANES) {
    const vfloat weight = load(block.weights + i);
    energy += load(block.error_weights + i) * (weight * weight);
  }
  float sum = 0;
  for (int lane = 0; lane < LANES; lane += 1) sum += energy[lane];
  block.energy = sum * (1 + TRIAL_ROUNDING);
  block.best = block.energy;
  constexpr double NEARER_END = Grid::HIGHEST < -Grid::LOWEST ? Grid::HIGHEST : -Grid::LOWEST;
  block.clamped_below = (float)(larger * (double)block.unit / NEARER_END * (1 + 1e-5));
}

template <typename Grid>
struct ScaleSearch {
  // By how much, relatively, a wrong level close to a midpoint and rounding can raise the error of a trial.
  static constexpr float REACH = (float)(Grid::HIGHEST > -Grid::LOWEST ? Grid::HIGHEST : -Grid::LOWEST) + 1;
  static constexpr float MARGIN = 1e-5f + 10 * 1.8e-7f * REACH / Grid::LEAST_STEP;

  // The largest trial error of a scale that speaks for `step` scales of which one may be best.
  QUANTALOUPE_INLINE float limit(const TrialBlock &block, int step) {
    const float delta = step == 1 ? 0.f : 1.02f * ((float)(step / 2) + 0.53f) / 1024;
    return (block.best + delta * delta * 1.01f * block.energy) * (1 + MARGIN) + TRIAL_UNDERFLOW;
  }

  template <bool EVEN, bool INSIDE>
  QUANTALOUPE_INLINE void add_error(const TrialBlock &block, int i, vfloat scale, vfloat inverse, vfloat &sum) {
    const vfloat weight = splat(block.weights[i]);
    const vfloat level = INSIDE ? Grid::nearest_inside(weight * inverse) : Grid::nearest(weight * inverse);
#if defined(QUANTALOUPE_AVX2)
    // Trials need no bits in common with other targets.
    const vfloat error = (vfloat)_mm256_fnmadd_ps((__m256)scale, (__m256)level, (__m256)weight);
    const vfloat term = EVEN ? error : error * block.error_weights[i];
    sum = (vfloat)_mm256_fmadd_ps((__m256)term, (__m256)error, (__m256)sum);
#else
    const vfloat error = weight - scale * level;
    sum += EVEN ? error * error : error * block.error_weights[i] * error;
#endif
  }

  // Signed scales in the trial's units; f16 that are finite.
  QUANTALOUPE_INLINE vfloat scales_of(const int32_t *bits, float unit) {
    const vint half = load(bits);
    return float_of((half & 0x8000) << 16 | bits_of(float_of((half & 0x7fff) << 13) * 0x1p112f)) * unit;
  }

  // Errors of two vectors of scales; partial where all are above `most`. INSIDE: no scale clamps a weight.
  template <bool EVEN, bool INSIDE>
  QUANTALOUPE_INLINE void try_strip(const TrialBlock &block, float most, const vfloat (&scales)[2], vfloat (&sums)[2]) {
    const vfloat inverses[2] = {1.f / scales[0], 1.f / scales[1]};
    sums[0] = sums[1] = vfloat{};
    for (int i = 0; i < SCALED_BLOCK; i += 8) {
      for (int j = i; j < i + 8; j += 1) {
        add_error<EVEN, INSIDE>(block, j, scales[0], inverses[0], sums[0]);
        add_error<EVEN, INSIDE>(block, j, scales[1], inverses[1], sums[1]);
      }
      if (!any((sums[0] <= most) | (sums[1] <= most))) return;
    }
  }

  // Fills in the errors of all trials and lowers block.best.
  template <bool EVEN>
  static void try_all(TrialBlock &block, int step, Trials &trials) {
    for (int i = 0; i < STRIP; i += 1) trials.bits[trials.count + i] = trials.bits[trials.count - 1];
    float most = limit(block, step);
    for (int at = 0; at < trials.count; at += STRIP) {
      const vfloat scales[2] = {scales_of(trials.bits + at, block.unit), scales_of(trials.bits + at + LANES, block.unit)};
      vfloat sums[2];
      const vfloat smallest = minimum(magnitude(scales[0]), magnitude(scales[1]));
      if (any(smallest < block.clamped_below)) try_strip<EVEN, false>(block, most, scales, sums);
      else try_strip<EVEN, true>(block, most, scales, sums);
      store(trials.errors + at, sums[0]);
      store(trials.errors + at + LANES, sums[1]);
      const vfloat least = minimum(sums[0], sums[1]);
      // A partial sum is above `most` and so above the best.
      if (!any(least * (1 + TRIAL_ROUNDING) < block.best)) continue;
      const float found = -largest_lane(-least) * (1 + TRIAL_ROUNDING);
      block.best = found < block.best ? found : block.best;
      most = limit(block, step);
    }
  }

  // Scales that put the largest weight near an end of the levels.
  static void add_first_trials(const BlockExtent &extent, Trials &trials) {
    const double extreme = extent.above > extent.below ? extent.above : -extent.below;
    for (int i = 0; i < 8; i += 1) {
      const double room = Grid::END_STEP * (i - 3) / 4.0;
      const double targets[2] = {Grid::LOWEST - room, Grid::HIGHEST + room};
      for (const double target : targets) {
        const int32_t bits = float_to_half((float)(extreme / target));
        trials.add(bits);
      }
    }
  }

  // |d| below which one clamped weight alone errs more than the best, in f16 bits.
  static int32_t least_half(const TrialBlock &block, bool negative) {
    vfloat least = {};
    const float sign = negative ? -1 : 1;
    for (int i = 0; i < SCALED_BLOCK; i += LANES) {
      const vfloat weight = sign * load(block.weights + i);
      const vfloat error_weight = load(block.error_weights + i);
      const vfloat error = square_root((block.best + TRIAL_UNDERFLOW) / error_weight);
      const vfloat reach = select(weight > 0, splat((float)(1 / Grid::HIGHEST)), splat((float)(-1 / Grid::LOWEST)));
      // Some units of the last place of a magnitude up to 2 are given away.
      const vfloat bound = (magnitude(weight) - error * (1 + TRIAL_ROUNDING) - 4e-6f) * reach;
      least = maximum(bound, least);
    }
    return half_below((double)largest_lane(least) * (1 - TRIAL_ROUNDING) / (double)block.unit);
  }

  // The centres of groups of `step` scales among those of one sign that may be best.
  static bool add_range(const TrialBlock &block, const BlockExtent &extent, bool negative, int step, Trials &trials) {
    const double most = largest_scale<Grid>(extent, negative);
    if (!(most > 0)) return true;
    const int32_t first = least_half(block, negative);
    const int32_t groups = (half_above(most) - first) / step + 1;
    if (groups > MOST_TRIALS - trials.count) return false;
    int32_t *to = trials.bits + trials.count;
    for (int32_t i = 0; i < groups; i += 1) to[i] = (first + i * step + step / 2) | (negative ? NEGATIVE : 0);
    trials.count += groups > 0 ? groups : 0;
    return true;
  }

  // Splits the groups that may hold the best scale into smaller ones.
  static bool refine(const TrialBlock &block, int step, int next_step, const Trials &from, Trials &to) {
    const float most = limit(block, step);
    int count = 0;
    for (int i = 0; i < from.count; i += 1) {
      const int32_t first = (from.bits[i] & ~NEGATIVE) - step / 2;
      // Subnormals and their neighbourhood are too far apart for one to speak for others.
      if (from.errors[i] > most && (step == 1 || first >= 1024 + step)) continue;
      if (count > MOST_TRIALS - step) return false;
      for (int32_t bits = first > 1 ? first : 1; bits < first + step; bits += next_step) {
        to.bits[count] = (bits + next_step / 2) | (from.bits[i] & NEGATIVE);
        count += 1;
      }
    }
    to.count = count;
    return true;
  }
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
