// The lines of all points of a grid for one group of weights; the twin of
// main/engine/quantizers/optimal/grid-groups.ts.
#pragma once

#include "grids.h"
#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// A grid as a format F has it:
//   GRID, SIZE, DIMENSIONS   id, points, elements of a point
//   LEVELS                   decoded magnitudes of the codes, ascending
template <typename F>
class GridGroups {
 public:
  double slopes[F::SIZE];          // of all points: sum w l^2
  double offsets[F::SIZE];         // sum 2 w |x| l
  double turned_offsets[F::SIZE];  // the same with the cheapest sign turned round

  GridGroups() : grid_(grid(F::GRID)) {
    for (int i = 0; i < HALF; i += 1) {
      prefixes_[i] = i == 0 ? 1 : CODES * prefixes_[i - 1];
      for (int place = 0; place < prefixes_[i]; place += 1) words_[i][place] = (uint8_t)word_of(place);
    }
  }

  // Fills the lines for DIMENSIONS weights under free signs.
  void load(const float *weights, const double *error_weights) {
    fill_half(low_, weights, error_weights);
    fill_half(high_, weights + HALF, error_weights + HALF);
    for (int point = 0; point < F::SIZE; point += 1) {
      const int low = grid_.points[point] & MASK;
      const int high = grid_.points[point] >> HALF_BITS;
      slopes[point] = low_.slopes[low] + high_.slopes[high];
      offsets[point] = low_.offsets[low] + high_.offsets[high];
    }
  }

  // Fills turned_offsets for the loaded weights.
  void turn() {
    for (int point = 0; point < F::SIZE; point += 1) {
      const double low = low_.least[grid_.points[point] & MASK];
      const double high = high_.least[grid_.points[point] >> HALF_BITS];
      turned_offsets[point] = offsets[point] - 2 * (high < low ? high : low);
    }
  }

  // The element of a point whose sign costs least to turn round, the first of equals; weights as in `load`.
  int cheapest_sign(int point, const float *weights, const double *error_weights) const {
    double least = __builtin_inf();
    int chosen = 0;
    for (int i = 0; i < F::DIMENSIONS; i += 1) {
      const double level = F::LEVELS[grid_.codes[F::DIMENSIONS * point + i]];
      const double cost = product_of(weights[i], error_weights[i]) * level;
      if (!(cost < least)) continue;
      least = cost;
      chosen = i;
    }
    return chosen;
  }

 private:
  static constexpr int CODES = sizeof F::LEVELS / sizeof *F::LEVELS;
  static constexpr int CODE_BITS = F::DIMENSIONS == 8 ? 2 : 3;
  static constexpr int HALF = F::DIMENSIONS / 2;
  static constexpr int HALF_BITS = CODE_BITS * HALF;
  static constexpr int MASK = (1 << HALF_BITS) - 1;
  static constexpr int MOST_PREFIXES = F::DIMENSIONS == 8 ? 27 : 8;

  // Sums and minima over all half points, by packed codes.
  struct HalfTables {
    double slopes[MASK + 1];
    double offsets[MASK + 1];
    double least[MASK + 1];  // the least offset of one element
  };

  // Packed codes of the number `place`, written in codes.
  static int word_of(int place) {
    int word = 0;
    for (int shift = 0; place > 0; shift += CODE_BITS, place /= CODES) word |= place % CODES << shift;
    return word;
  }

  static double product_of(float weight, double error_weight) {
    return 2 * error_weight * (double)__builtin_fabsf(weight);
  }

  void fill_half(HalfTables &half, const float *weights, const double *error_weights) {
    for (int i = 0; i < HALF; i += 1) {
      const double product = product_of(weights[i], error_weights[i]);
      // Code 0 comes last: it takes the place of the prefix itself.
      for (int code = CODES - 1; code >= 0; code -= 1) {
        const double level = F::LEVELS[code];
        const double slope = error_weights[i] * (level * level);
        const double offset = product * level;
        for (int place = 0; place < prefixes_[i]; place += 1) {
          const int prefix = words_[i][place];
          const int word = prefix | code << i * CODE_BITS;
          const double least = half.least[prefix];
          half.slopes[word] = i == 0 ? slope : half.slopes[prefix] + slope;
          half.offsets[word] = i == 0 ? offset : half.offsets[prefix] + offset;
          half.least[word] = i == 0 || offset < least ? offset : least;
        }
      }
    }
  }

  const Grid &grid_;
  // The words that the first i elements of a half can have.
  int prefixes_[HALF];
  uint8_t words_[HALF][MOST_PREFIXES];
  HalfTables low_;
  HalfTables high_;
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
