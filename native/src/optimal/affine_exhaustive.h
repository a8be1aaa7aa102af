// The best f16 scale and minimum of a block of Q4_1 or Q5_1, of all that there are; the twin of
// main/engine/quantizers/optimal/affine-exhaustive.ts, which tells why nothing better is left out.
#pragma once

#include "affine_codes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace affine {

constexpr double TOLERANCE = 1e-12;
constexpr int BISECTIONS = 60;

struct Found {
  double scale, minimum, error;
  uint8_t codes[LEGACY_BLOCK];

  double sought() const { return error * (1 - TOLERANCE); }
};

// As Math.max and Math.min for what is a number.
inline double larger(double a, double b) { return a > b ? a : b; }
inline double smaller(double a, double b) { return a < b ? a : b; }

inline int limit_code(double code, int steps) { return code > 0 ? code < steps ? (int)code : steps : 0; }

class ScaleScan {
 public:
  ScaleScan(const Block &searched, int most, Found &found) : block(searched), steps(most), best(found) {
    double squares = 0;
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      const double value = block.values[i];
      const double weight = block.error_weights[i];
      squares += weight * (value * value);
      if (weight > 0) order[count++] = i;
    }
    norm = __builtin_sqrt(squares);
  }

  // The first scale whose window may hold enough.
  int first_place() const {
    int too_small = 0;
    int last = LARGEST_HALF + 1;
    while (last - too_small > 1) {
      const int middle = (last + too_small) >> 1;
      if (clipped_error(steps * half_at(middle)) >= best.sought()) too_small = middle;
      else last = middle;
    }
    return last;
  }

  // Tries all codes and minima of a scale and its negative; the scale below which there is nothing better then.
  double try_scale(double scale) {
    update_limits();
    const double from = highest;
    order_falls(scale, from);
    const double end = lowest_top - steps * scale;
    const double least = sweep(scale, from, larger(end, block.low - scale / 2), false);
    const double slack = TOLERANCE * norm * norm;
    if (least - slack < best.sought()) sweep(scale, from, end, true);
    const double root = __builtin_sqrt(best.error);
    const double part = (__builtin_sqrt(larger(least - slack, 0)) - root) / (norm + root);
    return part > 0 ? (scale / (1 - part)) * (1 - TOLERANCE) : scale;
  }

 private:
  const Block &block;
  const int steps;
  Found &best;
  double norm;
  double falls[LEGACY_BLOCK], first[LEGACY_BLOCK];
  double limits_error = __builtin_inf(), highest = 0, lowest_top = 0;
  int order[LEGACY_BLOCK], current[LEGACY_BLOCK];
  int count = 0;

  double clipped_error(double length) const {
    const double mean = block.mean;
    return smaller(clipped_within(length, -65504 - mean, 65504 - mean),
                   clipped_within(length, -65504 - mean - length, 65504 - mean - length));
  }

  double clipped_within(double length, double lowest, double highest_start) const {
    const double least = smaller(block.low, block.high - length);
    const double most = larger(block.low, block.high - length);
    double from = smaller(larger(least, lowest), highest_start);
    double to = smaller(larger(most, lowest), highest_start);
    for (int i = 0; i < BISECTIONS; i += 1) {
      const double middle = (from + to) / 2;
      if (pull(middle, length) > 0) from = middle;
      else to = middle;
    }
    return error_below(from) + error_above(to + length);
  }

  double pull(double start, double length) const {
    double sum = 0;
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      const double value = block.values[i];
      sum += block.error_weights[i] * (larger(value - (start + length), 0) - larger(start - value, 0));
    }
    return sum;
  }

  double error_below(double start) const {
    double sum = 0;
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      const double beyond = larger(start - block.values[i], 0);
      sum += block.error_weights[i] * (beyond * beyond);
    }
    return sum;
  }

  double error_above(double end) const {
    double sum = 0;
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      const double beyond = larger(block.values[i] - end, 0);
      sum += block.error_weights[i] * (beyond * beyond);
    }
    return sum;
  }

  double highest_minimum() const {
    double from = block.low;
    double to = block.high + __builtin_sqrt(best.error / block.total_weight);
    for (int i = 0; i < BISECTIONS; i += 1) {
      const double middle = (from + to) / 2;
      if (error_below(middle) > best.error) to = middle;
      else from = middle;
    }
    return to;
  }

  double lowest_of_tops() const {
    double from = block.low - __builtin_sqrt(best.error / block.total_weight);
    double to = block.high;
    for (int i = 0; i < BISECTIONS; i += 1) {
      const double middle = (from + to) / 2;
      if (error_above(middle) > best.error) from = middle;
      else to = middle;
    }
    return from;
  }

  void update_limits() {
    if (limits_error == best.error) return;
    limits_error = best.error;
    highest = highest_minimum();
    lowest_top = lowest_of_tops();
  }

  void order_falls(double scale, double from) {
    for (int at = 0; at < count; at += 1) {
      const int i = order[at];
      const double height = block.values[i] - from;
      const double code = __builtin_ceil(height / scale - 0.5);
      const double fall = scale * (code + 0.5) - height;
      first[i] = code;
      falls[i] = fall;
      int to = at;
      for (; to > 0 && falls[order[to - 1]] > fall; to -= 1) order[to] = order[to - 1];
      order[to] = i;
    }
  }

  double next_turn(double turn) const {
    double next = __builtin_inf();
    for (int at = 0; at < count; at += 1) {
      const double code = first[order[at]] + turn;
      if (code < 0) next = smaller(next, turn - code);
      else if (code < steps) return turn;
    }
    return next;
  }

  // Goes through all codes for minima from `from` down to `end`; the least error by real-valued minima.
  double sweep(double scale, double from, double end, bool with_halves) {
    double least = __builtin_inf();
    double turn = -1;
    for (int passed = 0; passed <= LEGACY_BLOCK * steps; passed += 1) {
      turn = next_turn(turn + 1);
      const int base = limit_code(first[order[0]] + turn, steps);
      double sum = 0, squares = 0, products = 0, energy = 0;
      for (int at = 0; at < count; at += 1) {
        const int i = order[at];
        const double value = block.values[i];
        const double weight = block.error_weights[i];
        const int code = limit_code(first[i] + turn, steps);
        current[i] = code;
        const double weighted = weight * (code - base);
        sum += weighted;
        squares += weighted * (code - base);
        products += weighted * value;
        energy += weight * (value * value);
      }
      for (int at = -1; at < count; at += 1) {
        if (at >= 0) {
          const int i = order[at];
          if (!(from - falls[i] - turn * scale >= end)) return least;
          const double code = first[i] + turn;
          if (!(code >= 0 && code < steps)) continue;
          const double weight = block.error_weights[i];
          current[i] = (int)code + 1;
          sum += weight;
          squares += weight * (2 * (code - base) + 1);
          products += weight * block.values[i];
        }
        const double shift = scale * sum;
        const double error =
            energy - 2 * scale * products + scale * (scale * squares) - shift * (shift / block.total_weight);
        if (error < least) least = error;
        if (with_halves) try_halves(scale, -(shift / block.total_weight) - scale * base, error);
      }
    }
    return least;
  }

  void try_halves(double scale, double wanted, double error) {
    try_half(scale, wanted + block.mean, error, false);
    try_half(-scale, wanted + block.mean + scale * steps, error, true);
  }

  void try_half(double scale, double wanted, double error, bool reversed) {
    const double minimum = nearest_half(wanted);
    const double off = minimum - wanted;
    const double slack = TOLERANCE * norm * norm;
    if (!(error - slack + block.total_weight * (off * off) * (1 - TOLERANCE) < best.error)) return;
    uint8_t codes[LEGACY_BLOCK] = {};
    for (int at = 0; at < count; at += 1) {
      const int i = order[at];
      codes[i] = (uint8_t)(reversed ? steps - current[i] : current[i]);
    }
    const double decoded_error = block.error_of(scale, minimum, codes);
    if (!(decoded_error < best.error)) return;
    best.scale = scale;
    best.minimum = minimum;
    best.error = decoded_error;
    memcpy(best.codes, codes, sizeof codes);
  }
};

// The error of the nearest multiples of 2^-24, ties upwards.
inline double multiples_error(const Block &block) {
  double sum = 0;
  for (int i = 0; i < LEGACY_BLOCK; i += 1) {
    const double value = (block.values[i] + block.mean) * 0x1p24;
    const double error = (value - __builtin_floor(value + 0.5)) * 0x1p-24;
    sum += block.error_weights[i] * (error * error);
  }
  return sum;
}

// Replaces what was found by anything better.
inline void scan_scales(const Block &block, int steps, Found &best) {
  if (!(best.error > 0 && best.error < __builtin_inf()) || block.low == block.high) return;
  if (multiples_error(block) >= best.sought()) return;
  ScaleScan scan(block, steps, best);
  int place = scan.first_place();
  while (place <= LARGEST_HALF) {
    const double next = scan.try_scale(half_at(place));
    if (!(next <= 65504)) return;
    const int near = place_near(next) - 1;
    place = near > place + 1 ? near : place + 1;
  }
}

}  // namespace affine
}  // namespace quantaloupe::QUANTALOUPE_TARGET
