// A super-block of Q2_K, Q4_K or Q5_K, a sub-block in each lane; the twin of
// main/engine/quantizers/optimal/k-affine-block.ts, whose operations every lane does in the same order.
#pragma once

#include "k_affine.h"
#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET::k_affine {

QUANTALOUPE_INLINE vdouble limited(vdouble value, double highest) {
  return minimum(maximum(value, splat(0.)), splat(highest));
}

QUANTALOUPE_INLINE vdouble inverse_of(vdouble value) {
  return select(value == 0., splat(0.), 1. / value);
}

QUANTALOUPE_INLINE double inverse_of(double value) { return value == 0 ? 0 : 1 / value; }

// Vectors that hold one value of every sub-block, and reading them as an array.
template <typename Format>
struct SubBlocks {
  static constexpr int COUNT = SUPER_BLOCK / Format::COUNT;
  static constexpr int VECTORS = COUNT / DOUBLES;
  static_assert(VECTORS * DOUBLES == COUNT, "whole vectors");
  vdouble of[VECTORS];

  vdouble &operator[](int v) { return of[v]; }
  const vdouble &operator[](int v) const { return of[v]; }

  void store_to(double (&out)[COUNT]) const { memcpy(out, of, sizeof out); }

  double sum() const {
    double values[COUNT];
    store_to(values);
    double sum = 0;
    for (double value : values) sum += value;
    return sum;
  }
};

// Sums over the codes of sub-blocks: w q, w q q and w q x.
struct CodeSums {
  vdouble codes;
  vdouble squares;
  vdouble products;
};

// A scale and a minimum for every sub-block with the sums over the codes that they gave.
template <typename Format>
struct Choices {
  SubBlocks<Format> scales;
  SubBlocks<Format> minima;
  SubBlocks<Format> errors;
  SubBlocks<Format> code_sums;
  SubBlocks<Format> code_squares;
  SubBlocks<Format> products;

  CodeSums sums(int v) const { return {code_sums[v], code_squares[v], products[v]}; }

  void keep(int v, vlong mask, vdouble scale, vdouble minimum, vdouble error, const CodeSums &sums) {
    scales[v] = select(mask, scale, scales[v]);
    minima[v] = select(mask, minimum, minima[v]);
    errors[v] = select(mask, error, errors[v]);
    code_sums[v] = select(mask, sums.codes, code_sums[v]);
    code_squares[v] = select(mask, sums.squares, code_squares[v]);
    products[v] = select(mask, sums.products, products[v]);
  }
};

template <typename Format>
struct AffineBlock {
  static constexpr int SIZE = Format::COUNT;
  static constexpr int COUNT = SubBlocks<Format>::COUNT;
  static constexpr int VECTORS = SubBlocks<Format>::VECTORS;
  // Vectors that are rounded together: enough to keep the machine busy, few enough for its registers.
  static constexpr int ROUNDED = VECTORS < 2 ? 1 : 2;

  vdouble weights[SIZE][VECTORS];
  vdouble error_weights[SIZE][VECTORS];
  SubBlocks<Format> weight_sums, inverse_weights, values, squares, lowest, highest;

  void load_block(const float *from, const double *error_weights_from) {
    for (int i = 0; i < SIZE; i += 1) {
      double of_weights[COUNT], of_errors[COUNT];
      for (int j = 0; j < COUNT; j += 1) {
        of_weights[j] = from[SIZE * j + i];
        of_errors[j] = error_weights_from[SIZE * j + i];
      }
      memcpy(weights[i], of_weights, sizeof of_weights);
      memcpy(error_weights[i], of_errors, sizeof of_errors);
    }
    for (int v = 0; v < VECTORS; v += 1) sum_up(v);
  }

  void sum_up(int v) {
    vdouble low = weights[0][v], high = low, weight_sum = {}, value_sum = {}, square_sum = {};
    for (int i = 0; i < SIZE; i += 1) {
      const vdouble value = weights[i][v];
      const vdouble weighted = error_weights[i][v] * value;
      low = minimum(value, low);
      high = maximum(value, high);
      weight_sum += error_weights[i][v];
      value_sum += weighted;
      square_sum += weighted * value;
    }
    lowest[v] = low;
    highest[v] = high;
    weight_sums[v] = weight_sum;
    inverse_weights[v] = inverse_of(weight_sum);
    values[v] = value_sum;
    squares[v] = square_sum;
  }

  QUANTALOUPE_INLINE vdouble nearest_code(vdouble value, vdouble inverse_scale, vdouble minimum) {
    return nearest_whole(limited((value + minimum) * inverse_scale, Format::MAX_CODE));
  }

  // Rounds ROUNDED vectors of sub-blocks from the `first` on to the nearest codes, and sums over them.
  inline __attribute__((always_inline)) void round(int first, const vdouble (&inverse_scales)[ROUNDED],
                                                   const vdouble (&minima)[ROUNDED],
                                                   CodeSums (&sums)[ROUNDED]) const {
    vdouble codes[ROUNDED] = {}, code_squares[ROUNDED] = {}, products[ROUNDED] = {};
    for (int i = 0; i < SIZE; i += 1) {
      for (int v = 0; v < ROUNDED; v += 1) {
        const vdouble value = weights[i][first + v];
        const vdouble code = nearest_code(value, inverse_scales[v], minima[v]);
        const vdouble weighted = error_weights[i][first + v] * code;
        codes[v] += weighted;
        code_squares[v] += weighted * code;
        products[v] += weighted * value;
      }
    }
    for (int v = 0; v < ROUNDED; v += 1) sums[v] = {codes[v], code_squares[v], products[v]};
  }

  // Error of codes under a scale and a minimum.
  vdouble error_of(int v, const CodeSums &sums, vdouble scale, vdouble minimum) const {
    const vdouble crossed = values[v] - scale * sums.codes;
    return squares[v] + error_of_scale(sums, scale) + error_of_minimum(v, crossed, minimum);
  }

  vdouble error_of_scale(const CodeSums &sums, vdouble scale) const {
    return scale * (scale * sums.squares - 2. * sums.products);
  }

  vdouble error_of_minimum(int v, vdouble crossed, vdouble minimum) const {
    return minimum * (minimum * weight_sums[v] + 2. * crossed);
  }

  // The best minimum for a scale and codes of which the sum is known.
  vdouble best_minimum(int v, vdouble scale, vdouble code_sum) const {
    return (scale * code_sum - values[v]) * inverse_weights[v];
  }
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET::k_affine
