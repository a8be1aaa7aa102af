// A block of Q4_1 or Q5_1 as its searches see it; the twin of main/engine/quantizers/optimal/affine-block.ts.
#pragma once

#include "legacy_rows.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace affine {

// Values about their mean, and weights of which the largest is 1.
struct Block {
  double values[LEGACY_BLOCK];
  double error_weights[LEGACY_BLOCK];
  double total_weight;
  double mean;
  double low, high;  // the extremes of the values that count
  const float *weights;
  bool counts;  // false where nothing does: the values are zeros then

  void load(const float *block, const double *block_error_weights) {
    weights = block;
    double largest = 0;
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      if (block_error_weights[i] > largest) largest = block_error_weights[i];
    }
    counts = largest > 0;
    if (!counts) return clear();
    total_weight = 0;
    double sum = 0;
    double lowest = __builtin_inf();
    double highest = -__builtin_inf();
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      const double value = block[i];
      const double error_weight = block_error_weights[i] / largest;
      error_weights[i] = error_weight;
      total_weight += error_weight;
      sum += error_weight * value;
      if (error_weight > 0 && value < lowest) lowest = value;
      if (error_weight > 0 && value > highest) highest = value;
    }
    mean = sum / total_weight;
    low = lowest - mean;
    high = highest - mean;
    for (int i = 0; i < LEGACY_BLOCK; i += 1) values[i] = (double)block[i] - mean;
  }

  // The weighted squared error of what is decoded, in the order of the weights.
  double error_of(double scale, double minimum, const uint8_t *codes) const {
    double sum = 0;
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      const float decoded = (float)scale * (float)codes[i] + (float)minimum;
      const double error = (double)weights[i] - (double)decoded;
      sum += error_weights[i] * (error * error);
    }
    return sum;
  }

  // The codes nearest to the weights, from comparisons with the midpoints; of a scale above 0.
  void round(double scale, double minimum, int steps, uint8_t *codes) const {
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      const double height = (double)weights[i] - minimum;
      int code = steps >> 1;
      while (code < steps && height > scale * (code + 0.5)) code += 1;
      while (code > 0 && height <= scale * (code - 0.5)) code -= 1;
      codes[i] = (uint8_t)code;
    }
  }

 private:
  void clear() {
    for (int i = 0; i < LEGACY_BLOCK; i += 1) values[i] = error_weights[i] = 0;
    total_weight = 1;
    mean = low = high = 0;
  }
};

}  // namespace affine
}  // namespace quantaloupe::QUANTALOUPE_TARGET
