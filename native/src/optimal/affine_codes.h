// Codes of Q4_1 and Q5_1 polished, and the best f16 pair to them; the twin of affine-polish.ts, affine-half-pair.ts and
// affine-code-sums.ts in main/engine/quantizers/optimal.
#pragma once

#include "affine_block.h"
#include "half_near.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace affine {

constexpr int MOST_MOVES = 8;
constexpr int LARGEST_HALF = 0x7bff;

// sum w q, sum w q^2 and sum w q x, of values x about their mean.
struct CodeSums {
  double codes = 0, squares = 0, products = 0;

  CodeSums(const Block &block, const uint8_t *of) {
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      const double code = of[i];
      const double weighted = block.error_weights[i] * code;
      codes += weighted;
      squares += weighted * code;
      products += weighted * block.values[i];
    }
  }

  double spread(double total_weight) const { return squares - codes * codes / total_weight; }
};

inline uint8_t nearest_code(double value, int steps, double inverse, double minimum) {
  const double code = (value - minimum) * inverse + 6755399441055744.0 - 6755399441055744.0;
  const double above = code > 0 ? code : 0;
  return (uint8_t)(above < steps ? above : steps);
}

// Moves the code whose move by one gains most, if one does.
inline bool move_best(const Block &block, int steps, CodeSums &sums, uint8_t *codes) {
  double product = sums.products * sums.products;
  double spread = sums.spread(block.total_weight);
  int moved = -1;
  int direction = 0;
  for (int i = 0; i < LEGACY_BLOCK; i += 1) {
    const int code = codes[i];
    for (int by = -1; by <= 1; by += 2) {
      if (code + by < 0 || code + by > steps) continue;
      const double weight = block.error_weights[i] * by;
      const double code_sum = sums.codes + weight;
      const double products = sums.products + weight * block.values[i];
      const double new_spread = sums.squares + weight * (2 * code + by) - code_sum * code_sum / block.total_weight;
      const double new_product = products * products;
      if (new_spread > 0 && new_product * spread > product * new_spread) {
        product = new_product;
        spread = new_spread;
        moved = i;
        direction = by;
      }
    }
  }
  if (moved < 0) return false;
  const int code = codes[moved] + direction;
  const double weight = block.error_weights[moved] * direction;
  codes[moved] = (uint8_t)code;
  sums.codes += weight;
  sums.squares += weight * (2 * code - direction);
  sums.products += weight * block.values[moved];
  return true;
}

// The codes nearest to a start, after the moves that gain most.
inline void polish_codes(const Block &block, int steps, double scale, double minimum, uint8_t *codes) {
  const double inverse = 1 / scale;
  for (int i = 0; i < LEGACY_BLOCK; i += 1) codes[i] = nearest_code(block.values[i], steps, inverse, minimum);
  CodeSums sums(block, codes);
  for (int move = 0; move < MOST_MOVES; move += 1) {
    if (!move_best(block, steps, sums, codes)) return;
  }
}

// Finite f16 in ascending order, by whole numbers: 0 is both zeros.
inline double half_at(int place) {
  return place < 0 ? -(double)half_to_float((uint16_t)-place) : (double)half_to_float((uint16_t)place);
}

inline int place_near(double value) {
  const int bits = half_bits_near(value);
  return bits & 0x8000 ? 0x8000 - bits : bits;
}

// The finite f16 nearest to a value; of two as near, that nearer to 0.
inline double nearest_half(double value) {
  const int place = place_near(value);
  const double near = half_at(place);
  const int other = place + (value > near ? 1 : -1);
  if (other < -LARGEST_HALF || other > LARGEST_HALF) return near;
  const double neighbour = half_at(other);
  const double distance = __builtin_fabs(value - near);
  const double other_distance = __builtin_fabs(value - neighbour);
  if (other_distance < distance) return neighbour;
  return other_distance == distance && __builtin_fabs(neighbour) < __builtin_fabs(near) ? neighbour : near;
}

struct HalfPair {
  double scale = 0, minimum = 0;
};

// Of codes whose spread is above 0.
inline HalfPair best_half_pair(const Block &block, const CodeSums &sums) {
  const double spread = sums.spread(block.total_weight);
  const double scale = sums.products / spread;
  const int start = place_near(scale);
  HalfPair pair;
  double least = __builtin_inf();
  for (int direction = 1; direction >= -1; direction -= 2) {
    for (int place = direction > 0 ? start : start - 1; place >= -LARGEST_HALF && place <= LARGEST_HALF;
         place += direction) {
      const double half = half_at(place);
      const double growth = spread * ((half - scale) * (half - scale));
      if (!(growth < least)) break;
      const double wanted = block.mean - half * sums.codes / block.total_weight;
      const double minimum = nearest_half(wanted);
      const double excess = growth + block.total_weight * ((minimum - wanted) * (minimum - wanted));
      if (!(excess < least)) {
        // With m at its end the excess is convex in d.
        if (__builtin_fabs(minimum) == 65504) break;
        continue;
      }
      least = excess;
      pair = {half, minimum};
    }
  }
  return pair;
}

}  // namespace affine
}  // namespace quantaloupe::QUANTALOUPE_TARGET
