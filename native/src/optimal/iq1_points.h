// The grid points of IQ1_S and IQ1_M nearest to a group of 8 weights, under one scale and under all; twin:
// main/engine/quantizers/optimal/iq1-points.ts.
#pragma once

#include "grids.h"
#include "line_envelope.h"
#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int GROUP = 8;
constexpr int HALF = GROUP / 2;
// Halves of four codes of three values, numbered by them as digits, the first lowest.
constexpr int HALVES = 81;
// In whole vectors of up to 8 doubles.
constexpr int PADDED_HALVES = 88;
constexpr int GRID_POINTS = 2048;
// Most lines of a group; this many were never needed.
constexpr int GROUP_LINES = 32;
constexpr double INFINITE = __builtin_inf();

// Levels of the three codes, shifted up and down.
constexpr double LEVELS[2][3] = {{-0.875, 0.125, 1.125}, {-1.125, -0.125, 0.875}};

// Points by their second half: those of row r are starts[r] ... starts[r + 1] - 1.
struct PointRows {
  uint8_t first_halves[GRID_POINTS];
  uint8_t second_halves[GRID_POINTS];
  uint16_t starts[HALVES + 1];
  int middle;  // the point whose codes are all 1: of all the least magnitudes

  explicit PointRows(const Grid &grid) : middle(grid.index[0x5555]) {
    int row = 0;
    starts[0] = 0;
    for (int point = 0; point < GRID_POINTS; point += 1) {
      first_halves[point] = number_of_half(grid.points[point] & 255);
      second_halves[point] = number_of_half(grid.points[point] >> 8);
      while (row < second_halves[point]) starts[row += 1] = (uint16_t)point;
    }
    while (row < HALVES) starts[row += 1] = GRID_POINTS;
  }

 private:
  static uint8_t number_of_half(int packed) {
    return (uint8_t)((packed & 3) + 3 * (packed >> 2 & 3) + 9 * (packed >> 4 & 3) + 27 * (packed >> 6));
  }
};

// Slopes and offsets of all halves.
struct HalfLines {
  double slopes[PADDED_HALVES];
  double offsets[PADDED_HALVES];

  HalfLines() {
    for (int half = HALVES; half < PADDED_HALVES; half += 1) {
      slopes[half] = 0;
      offsets[half] = -INFINITE;
    }
  }

  void load(const float *weights, const double *error_weights, const double (&levels)[3]) {
    slopes[0] = offsets[0] = 0;
    extend<1>(weights[0], error_weights[0], levels);
    extend<3>(weights[1], error_weights[1], levels);
    extend<9>(weights[2], error_weights[2], levels);
    extend<27>(weights[3], error_weights[3], levels);
  }

  double value_of(int half, double scale) const { return scale * slopes[half] - offsets[half]; }

 private:
  // Adds an element to the sums of the first COUNT halves, for all its codes.
  template <int COUNT>
  void extend(float weight, double error_weight, const double (&levels)[3]) {
    const double product = 2 * error_weight * (double)weight;
    double slope[COUNT];
    double offset[COUNT];
    for (int i = 0; i < COUNT; i += 1) {
      slope[i] = slopes[i];
      offset[i] = offsets[i];
    }
    for (int code = 0; code < 3; code += 1) {
      const double added_slope = error_weight * (levels[code] * levels[code]);
      const double added_offset = product * levels[code];
      for (int i = 0; i < COUNT; i += 1) {
        slopes[code * COUNT + i] = slope[i] + added_slope;
        offsets[code * COUNT + i] = offset[i] + added_offset;
      }
    }
  }
};

// One group of 8 weights and its shift.
class PointSearch {
 public:
  explicit PointSearch(const PointRows &rows) : rows_(rows) {}

  void take_group(const float *weights, const double *error_weights, const double (&levels)[3]) {
    first_.load(weights, error_weights, levels);
    second_.load(weights + HALF, error_weights + HALF, levels);
  }

  // Line of the point that find_below has found: less than its limit, or that limit.
  double lowest() const { return lowest_; }

  // The point whose line under `scale` is the lowest of those below `limit`, or -1: of equals that of the first row,
  // there that of the first half with the lowest number.
  int find_below(double limit, double scale) {
    const double least_first = measure(first_, first_values_, scale);
    measure(second_, second_values_, scale);
    return search_rows(limit, least_first, limit);
  }

  // The point nearest under a scale, which is not negative.
  int nearest(double scale) {
    const double least_first = measure(first_, first_values_, scale);
    const double least_second = measure(second_, second_values_, scale);
    int row = 0;
    while (row < HALVES - 1 && second_values_[row] != least_second) row += 1;
    const int found = search_rows(INFINITE, least_first, least_second + least_of_row(row));
    return found < 0 ? 0 : found;
  }

  // Fills `out` with the lines that are the lowest somewhere, from scale 0 on.
  void find_envelope(LineEnvelope<GROUP_LINES> &out) {
    out.count = 0;
    int pending[GROUP_LINES];
    pending[0] = rows_.middle;
    int current = nearest(0);
    for (int count = 1; count > 0;) {
      const int next = pending[count - 1];
      const int between = out.count + count < GROUP_LINES - 1 ? find_between(current, next) : -1;
      if (between >= 0) {
        pending[count] = between;
        count += 1;
        continue;
      }
      out.add(slope(current), offset(current), 0);
      current = next;
      count -= 1;
    }
    out.add(slope(current), offset(current), 0);
  }

 private:
  // Fills the values of all halves under a scale; returns the least.
  static double measure(const HalfLines &half, double (&values)[PADDED_HALVES], double scale) {
    vdouble least = splat(INFINITE);
    for (int at = 0; at < PADDED_HALVES; at += DOUBLES) {
      const vdouble value = scale * load(half.slopes + at) - load(half.offsets + at);
      store(values + at, value);
      least = minimum(value, least);
    }
    double result = least[0];
    for (int lane = 1; lane < DOUBLES; lane += 1) result = least[lane] < result ? least[lane] : result;
    return result;
  }

  // The lowest point below `limit`, where some point is known to be no higher than `bound`.
  int search_rows(double limit, double least_first, double bound) {
    int found = -1;
    lowest_ = limit;
    for (int at = 0; at < PADDED_HALVES; at += DOUBLES) {
      const vdouble seconds = load(second_values_ + at);
      const vdouble lowest_possible = seconds + least_first;
      const vlong possible = (lowest_possible < lowest_) & (lowest_possible <= bound);
      for (uint32_t lanes = mask_bits(possible); lanes != 0; lanes &= lanes - 1) {
        const int row = at + __builtin_ctz(lanes);
        const double least = least_of_row(row);
        if (!(second_values_[row] + least < lowest_)) continue;
        lowest_ = second_values_[row] + least;
        found = first_of_row(row, least);
      }
    }
    return found;
  }

  // The least value among the first halves of a row; infinite where it has no points.
  double least_of_row(int row) const {
    constexpr int CHAINS = 4;
    double least[CHAINS] = {INFINITE, INFINITE, INFINITE, INFINITE};
    int point = rows_.starts[row];
    const int end = rows_.starts[row + 1];
    for (; point + CHAINS <= end; point += CHAINS) {
      for (int chain = 0; chain < CHAINS; chain += 1) {
        const double first = first_values_[rows_.first_halves[point + chain]];
        least[chain] = first < least[chain] ? first : least[chain];
      }
    }
    for (; point < end; point += 1) {
      const double first = first_values_[rows_.first_halves[point]];
      least[0] = first < least[0] ? first : least[0];
    }
    const double even = least[2] < least[0] ? least[2] : least[0];
    const double odd = least[3] < least[1] ? least[3] : least[1];
    return odd < even ? odd : even;
  }

  // The first point of a row whose first half has this value.
  int first_of_row(int row, double value) const {
    int point = rows_.starts[row];
    while (point < rows_.starts[row + 1] - 1 && first_values_[rows_.first_halves[point]] != value) point += 1;
    return point;
  }

  // The lowest point where the lines of two cross, if it lies below them and has a slope between theirs.
  int find_between(int a, int b) {
    const double crossing = (offset(a) - offset(b)) / (slope(a) - slope(b));
    if (!(crossing >= 0 && crossing < INFINITE)) return -1;
    const double of_a = value_of(a, crossing);
    const double of_b = value_of(b, crossing);
    const int point = find_below(of_b < of_a ? of_b : of_a, crossing);
    // Lines that nearly meet in one place can be lower by rounding alone.
    return point >= 0 && slope(point) < slope(a) && slope(b) < slope(point) ? point : -1;
  }

  double value_of(int point, double scale) const {
    return second_.value_of(rows_.second_halves[point], scale) + first_.value_of(rows_.first_halves[point], scale);
  }

  double slope(int point) const {
    return second_.slopes[rows_.second_halves[point]] + first_.slopes[rows_.first_halves[point]];
  }

  double offset(int point) const {
    return second_.offsets[rows_.second_halves[point]] + first_.offsets[rows_.first_halves[point]];
  }

  const PointRows &rows_;
  HalfLines first_;
  HalfLines second_;
  double first_values_[PADDED_HALVES];
  double second_values_[PADDED_HALVES];
  double lowest_ = 0;
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
