// The best f16 scale of blocks with two to four levels, exactly: no f16 scale gives less error.
//
// What is found is defined in main/engine/quantizers/optimal/one-scale.ts. It is looked for as there, by the
// pieces of parabolas that breakpoints of the codes cut the scales into, with these differences.
// - Breakpoints are sorted as floats of half the scale at which a code changes, whose 8 low bits are the number of
//   the change instead. The 15 bits of fraction that are left still tell on which side of every f16 scale it lies.
// - No scale is left out: of all pieces those whose bottom is at most the known least error are looked into.
// - All sums are of terms that are not negative. Where a parabola is at most the energy X = sum w x^2, its parts
//   are at most X, 4 X and 4 X (Cauchy-Schwarz), so 258 roundings of each put it off by less than 3e-13 X.
#pragma once

#include "half.h"
#include "largest_magnitude.h"
#include "optimal_kernels.h"
#include "simd_double.h"
#include "sorting_network.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr double HALF_SLACK = 1e-12;
constexpr int LARGEST_HALF = 0x7bff;
constexpr double LARGEST_HALF_VALUE = 65504;

// Scales that are evaluated together.
constexpr int TOGETHER = DOUBLES > 4 ? DOUBLES : 4;

// One block. `Levels` tells the distance of a weight to the nearest level, and how many weights a block has.
template <typename Levels>
struct LevelledBlock {
  const float *source;
  double weights[Levels::COUNT];
  const double *error_weights;

  // E of scales, as defined: summed in order.
  void errors_of(const double (&scales)[TOGETHER], double (&errors)[TOGETHER]) const {
    vdouble scale[TOGETHER / DOUBLES];
    vdouble sum[TOGETHER / DOUBLES] = {};
    for (int v = 0; v < TOGETHER / DOUBLES; v += 1) scale[v] = load(scales + DOUBLES * v);
    for (int i = 0; i < Levels::COUNT; i += 1) {
      for (int v = 0; v < TOGETHER / DOUBLES; v += 1) {
        // The least of rounded distances is the rounded least distance.
        const vdouble distance = Levels::distance(splat(weights[i]), scale[v]);
        sum[v] += error_weights[i] * (distance * distance);
      }
    }
    for (int v = 0; v < TOGETHER / DOUBLES; v += 1) store(errors + DOUBLES * v, sum[v]);
  }

  // The twin of isTooLarge in one-scale.ts.
  bool is_too_large(double energy) const {
    constexpr double reach = LARGEST_HALF_VALUE * Levels::LARGEST;
    if (largest_magnitude<Levels::COUNT>(source) < 0x1p69f) return false;
    double others = 0;
    for (int i = 0; i < Levels::COUNT; i += 1) {
      const double size = __builtin_fabs(weights[i]);
      if (size >= 0x1p54 * reach) continue;
      others += error_weights[i] * ((size + reach) * (size + reach));
    }
    return others < (energy / 256) * 0x1p-56;
  }
};

// The pieces of one sign: parabolas energy - 2 |d| products + d^2 squares.
template <int COUNT>
struct Pieces {
  double products[COUNT];
  double squares[COUNT];
  double gains[COUNT];  // by how much the parabola can get below the energy

  // Also gives the scale and the gain of the best piece.
  void measure(double &best_scale, double &best_gain) {
    vdouble most = {};
    vdouble at = {};
    for (int k = 0; k < COUNT; k += DOUBLES) {
      const vdouble product = load(products + k);
      const vdouble square = load(squares + k);
      const vdouble scale = minimum(product / square, splat(LARGEST_HALF_VALUE));
      const vdouble gain = scale * (product + (product - scale * square));
      store(gains + k, gain);
      at = select(gain > most, scale, at);
      most = select(gain > most, gain, most);
    }
    for (int lane = 0; lane < DOUBLES; lane += 1) {
      if (!(most[lane] > best_gain)) continue;
      best_gain = most[lane];
      best_scale = at[lane];
    }
  }
};

// The best scale so far, and the f16 of one sign from `first` to `last` that were evaluated.
template <typename Levels>
struct HalfScaleSearch {
  const LevelledBlock<Levels> &block;
  uint16_t best = 0;
  double error = 0;
  double energy = 0;
  int sign = 0;
  int first = 0;
  int last = -1;

  // Evaluates 0 too, for the energy.
  void begin(int near, int of_sign) {
    sign = of_sign;
    first = near > 1 ? near - 1 : 0;
    last = first + TOGETHER - 2;
    if (last > LARGEST_HALF) last = LARGEST_HALF;
    double scales[TOGETHER] = {};
    double errors[TOGETHER];
    for (int n = 1; n < TOGETHER; n += 1) scales[n] = scale_of(first + n - 1);
    block.errors_of(scales, errors);
    error = energy = errors[0];
    for (int n = 1; n < TOGETHER; n += 1) consider(first + n - 1, errors[n]);
  }

  // Evaluates what is not yet evaluated of a range.
  void cover(int from, int to) {
    if (to < first - 1 || from > last + 1) {
      evaluate(from, to);
      first = from;
      last = to;
      return;
    }
    if (from < first) evaluate(from, first - 1);
    if (to > last) evaluate(last + 1, to);
    first = from < first ? from : first;
    last = to > last ? to : last;
  }

  // Evaluates every f16 at which a parabola is at most the least error.
  void look_into(double products, double squares) {
    if (!(squares > 0)) return;
    const double bottom = products / squares;
    const double room = error + 2 * HALF_SLACK * energy - (energy - bottom * products);
    const double reach = __builtin_sqrt((room > 0 ? room : 0) / squares);
    const double low = bottom > reach ? bottom - reach : 0;
    const int from = float_to_half((float)low) - 1;
    const int to = float_to_half((float)(bottom + reach)) + 1;
    cover(from < 0 ? 0 : from, to > LARGEST_HALF ? LARGEST_HALF : to);
  }

  double scale_of(int bits) const {
    const double scale = half_to_float((uint16_t)(bits < LARGEST_HALF ? bits : LARGEST_HALF));
    return sign ? -scale : scale;
  }

  void evaluate(int from, int to) {
    double scales[TOGETHER];
    double errors[TOGETHER];
    for (; from <= to; from += TOGETHER) {
      for (int n = 0; n < TOGETHER; n += 1) scales[n] = scale_of(from + n);
      block.errors_of(scales, errors);
      for (int n = 0; n < TOGETHER && from + n <= to; n += 1) consider(from + n, errors[n]);
    }
  }

  // Of equal errors the smaller scale is taken, of opposite ones the positive.
  void consider(int bits, double of_bits) {
    if (bits > LARGEST_HALF) return;
    const int known = best & 0x7fff;
    if (!(of_bits < error) && !(of_bits == error && (bits < known || (bits == known && !sign)))) return;
    error = of_bits;
    best = bits == 0 ? 0 : (uint16_t)(bits | sign);
  }
};

// The bits of the best scale, given the pieces of each sign that need be looked at.
template <typename Levels, int SIGNS, int COUNT>
uint16_t search_half_scale(const LevelledBlock<Levels> &block, Pieces<COUNT> (&pieces)[SIGNS]) {
  double scale = 0;
  double gain = 0;
  int sign = 0;
  for (int s = 0; s < SIGNS; s += 1) {
    const double before = gain;
    pieces[s].measure(scale, gain);
    if (gain > before) sign = s << 15;
  }
  HalfScaleSearch<Levels> search = {block};
  search.begin(float_to_half((float)scale), sign);
  if (block.is_too_large(search.energy)) return 0;
  for (int s = 0; s < SIGNS; s += 1) {
    if (search.sign != s << 15) search.first = 0, search.last = -1;
    search.sign = s << 15;
    for (int k = 0; k < COUNT; k += 1) {
      if (!(pieces[s].gains[k] >= search.energy - search.error - 2 * HALF_SLACK * search.energy)) continue;
      search.look_into(pieces[s].products[k], pieces[s].squares[k]);
    }
  }
  return search.best;
}

// A change of code at a breakpoint: half the scale, with a number of 8 bits.
QUANTALOUPE_INLINE vfloat numbered_breakpoint(vfloat half_scale, int number) {
  return float_of((bits_of(half_scale) & 0x7fffff00) | number);
}

// Sums after every change, from the largest scale down. `keys` is one lane of the sorted breakpoints.
template <int COUNT>
void add_up(const float *keys, const double *products, const double *squares, Pieces<COUNT> &pieces) {
  double product = 0;
  double square = 0;
  for (int k = 0; k < COUNT; k += 1, keys += LANES) {
    const int number = float_bits(*keys) & (COUNT - 1);
    pieces.products[k] = product += products[number];
    pieces.squares[k] = square += squares[number];
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
