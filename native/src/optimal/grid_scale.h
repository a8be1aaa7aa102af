// The f16 scale of a super-block with grid points; the twin of main/engine/quantizers/optimal/grid-scale.ts, where the
// method is explained.
#pragma once

#include "grid_block.h"
#include "half.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Bits of the largest finite f16.
constexpr int LARGEST_HALF = 0x7bff;

// Bits of the largest finite f16 that is not above a value; 0 for what is no positive number.
static inline int half_below(double value) {
  if (!(value > 0)) return 0;
  const int nearest = float_to_half((float)value);
  const int half = nearest < LARGEST_HALF ? nearest : LARGEST_HALF;
  return (double)half_to_float((uint16_t)half) > value ? half - 1 : half;
}

template <typename F>
class GridScale {
 public:
  GridScale() {
    for (int i = 0; i < STARTS; i += 1) numerators_[i] = i == 0 ? 36 : numerators_[i - 1] * 0.975;
  }

  // Searches the scale of a loaded block from several starts, `half` (bits of an f16) among them.
  void search(const GridBlock<F> &block, int half, GridChoice<F> &choice) {
    start(block);
    refine_several(block, half);
    take(block, choice);
  }

  // The same, and then goes through all scales that can be better.
  void exhaust(const GridBlock<F> &block, int half, GridChoice<F> &choice) {
    start(block);
    refine_several(block, half);
    try_all(block);
    take(block, choice);
  }

 private:
  static constexpr int SUB_BLOCKS = GridBlock<F>::SUB_BLOCKS;
  static constexpr int LARGEST_FACTOR = 31;
  static constexpr int STARTS = 32;
  static constexpr int REFINED = 4;
  static constexpr double ROUNDING = 0x1p-40;
  static constexpr double INFINITE = __builtin_inf();

  void refine_several(const GridBlock<F> &block, int half) {
    if (half <= LARGEST_HALF) refine(block, half);
    double largest = 0;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      if (best_scales_[j] > largest) largest = best_scales_[j];
    }
    for (int i = 0; i < STARTS; i += 1) {
      starts_[i] = half_below(largest / (F::UNIT * numerators_[i]));
      start_errors_[i] = evaluate(block, starts_[i], INFINITE);
    }
    for (int count = 0; count < REFINED; count += 1) {
      const int next = place_of_least_start();
      start_errors_[next] = INFINITE;
      refine(block, starts_[next]);
    }
  }

  int place_of_least_start() const {
    int place = 0;
    for (int i = 1; i < STARTS; i += 1) place = start_errors_[i] < start_errors_[place] ? i : place;
    return place;
  }

  void try_all(const GridBlock<F> &block) {
    double least = INFINITE;
    double largest = 0;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      if (first_minima_[j] < least) least = first_minima_[j];
      if (last_minima_[j] > largest) largest = last_minima_[j];
    }
    const int first = half_below(least / (F::UNIT * LARGEST_FACTOR));
    const int above = half_below(largest / F::UNIT) + 1;
    const int last = above < LARGEST_HALF ? above : LARGEST_HALF;
    for (int half = first; half <= last; half += 1) {
      if (evaluate(block, half, best_error_) < best_error_) keep(half);
    }
  }

  void start(const GridBlock<F> &block) {
    best_error_ = INFINITE;
    best_half_ = 0;
    memset(best_codes_, 0, sizeof best_codes_);
    least_of_rest_[SUB_BLOCKS] = 0;
    for (int j = SUB_BLOCKS - 1; j >= 0; j -= 1) {
      least_of_rest_[j] = least_of_rest_[j + 1] + measure(block, j);
    }
  }

  // Finds the minima of the error of a sub-block, each within a line's own part; returns the least.
  double measure(const GridBlock<F> &block, int j) {
    const auto &lines = block.lines;
    double first = -1;
    double last = 0;
    double best = 0;
    double least = 0;
    for (int place = block.ends[j]; place < block.ends[j + 1]; place += 1) {
      const double offset = lines.offsets[place];
      const double scale = offset / (2 * lines.slopes[place]);
      const double end = place + 1 < block.ends[j + 1] ? lines.starts[place + 1] : INFINITE;
      if (!(scale >= lines.starts[place] && scale <= end)) continue;
      if (first < 0) first = scale;
      last = scale;
      const double error = -0.5 * offset * scale;
      if (!(error < least)) continue;
      least = error;
      best = scale;
    }
    // No minimum: nothing counts in this sub-block.
    first_minima_[j] = first < 0 ? INFINITE : first;
    last_minima_[j] = last;
    best_scales_[j] = best;
    return least;
  }

  // Chooses codes for a scale; returns the error less the sum of squares, or infinity from `limit` on.
  double evaluate(const GridBlock<F> &block, int half, double limit) {
    const double d = (double)half_to_float((uint16_t)half) * F::UNIT;
    const double given_up = limit + ROUNDING * __builtin_fabs(limit);
    products_ = 0;
    squares_ = 0;
    error_ = 0;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      if (error_ + least_of_rest_[j] > given_up) return INFINITE;
      choose_code(block, j, d);
    }
    return error_;
  }

  void choose_code(const GridBlock<F> &block, int j, double d) {
    const auto &lines = block.lines;
    const int end = block.ends[j + 1];
    int factor = 1;
    while (factor < LARGEST_FACTOR && d * (factor + 2) <= first_minima_[j]) factor += 2;
    int place = lines.lowest_at(d * factor, block.ends[j], end);
    double least = INFINITE;
    int chosen_factor = factor;
    int chosen_place = place;
    for (;;) {
      const double scale = d * factor;
      while (place + 1 < end && lines.starts[place + 1] <= scale) place += 1;
      const double error = scale * (lines.slopes[place] * scale - lines.offsets[place]);
      if (error < least) {
        least = error;
        chosen_factor = factor;
        chosen_place = place;
      }
      if (!(scale < last_minima_[j]) || factor == LARGEST_FACTOR) break;
      factor += 2;
    }
    codes_[j] = (uint8_t)((chosen_factor - 1) / 2);
    error_ += least;
    products_ += chosen_factor * lines.offsets[chosen_place];
    squares_ += chosen_factor * chosen_factor * lines.slopes[chosen_place];
  }

  // From a scale to the best one for its codes and points, and so on, as long as the error falls.
  void refine(const GridBlock<F> &block, int half) {
    for (double least = evaluate(block, half, INFINITE);;) {
      if (least < best_error_) keep(half);
      const int below = half_below(products_ / (2 * squares_) / F::UNIT);
      const int above = below + 1 < LARGEST_HALF ? below + 1 : LARGEST_HALF;
      const double error_above = evaluate(block, above, INFINITE);
      const double error_below = evaluate(block, below, INFINITE);
      const double error = error_above < error_below ? error_above : error_below;
      if (!(error < least)) return;
      half = error_above < error_below ? above : below;
      least = error;
      // Codes and sums are those of the last evaluation.
      if (half == above) evaluate(block, above, INFINITE);
    }
  }

  void keep(int half) {
    best_half_ = half;
    best_error_ = error_;
    memcpy(best_codes_, codes_, sizeof codes_);
  }

  void take(const GridBlock<F> &block, GridChoice<F> &choice) const {
    choice.half = (uint16_t)best_half_;
    memcpy(choice.codes, best_codes_, sizeof best_codes_);
    block.read_points((double)half_to_float(choice.half), choice);
  }

  double numerators_[STARTS];
  // Of each sub-block: its error falls up to the first scale, and rises from the last one on.
  double first_minima_[SUB_BLOCKS];
  double last_minima_[SUB_BLOCKS];
  // The scale under which its error is least.
  double best_scales_[SUB_BLOCKS];
  // The least errors, less the sums of squares, of a sub-block and of all behind it.
  double least_of_rest_[SUB_BLOCKS + 1];
  // What the last evaluation chose, and its sums for the scale that fits best: products / (2 squares).
  uint8_t codes_[SUB_BLOCKS];
  double products_;
  double squares_;
  double error_;
  uint8_t best_codes_[SUB_BLOCKS];
  int best_half_;
  double best_error_;
  int starts_[STARTS];
  double start_errors_[STARTS];
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
