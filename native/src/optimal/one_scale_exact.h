// The error of a block at an f16 scale, as it is defined (main/engine/quantizers/optimal/one-scale.ts), the choice
// between scales by it, and the codes.
#pragma once

#include "bytes.h"
#include "half.h"
#include "one_scale_grids.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SCALED_BLOCK = 32;
constexpr int32_t LARGEST_HALF = 0x7bff;
constexpr int32_t NEGATIVE = 0x8000;

// The best of the scales that have been evaluated.
struct BestScale {
  double error = __builtin_inf();
  int32_t bits = 0;
};

// Whether `bits` wins a tie: the smaller magnitude, then the positive.
QUANTALOUPE_INLINE bool comes_before(int32_t bits, int32_t other) {
  const int32_t magnitude = bits & ~NEGATIVE;
  const int32_t other_magnitude = other & ~NEGATIVE;
  return magnitude != other_magnitude ? magnitude < other_magnitude : bits < other;
}

// Evaluates DOUBLES scales, one per lane.
template <typename Grid>
void evaluate_exactly(const float *weights, const double *error_weights, const int32_t (&bits)[DOUBLES],
                      BestScale &best) {
  vdouble scale;
  vdouble sign;
  for (int lane = 0; lane < DOUBLES; lane += 1) {
    scale[lane] = half_to_float((uint16_t)(bits[lane] & ~NEGATIVE));
    sign[lane] = bits[lane] & NEGATIVE ? -1 : 1;
  }
  const vdouble inverse = 1.0 / scale;
  vdouble sum = {};
  for (int i = 0; i < SCALED_BLOCK; i += 1) {
    const vdouble weight = sign * (double)weights[i];
    const vdouble error = weight - scale * Grid::level(Grid::place(weight, scale, inverse));
    sum += error_weights[i] * (error * error);
  }
  for (int lane = 0; lane < DOUBLES; lane += 1) {
    if (!(sum[lane] <= best.error)) continue;
    if (sum[lane] == best.error && !comes_before(bits[lane], best.bits)) continue;
    best.error = sum[lane];
    best.bits = bits[lane];
  }
}

// Places of the nearest levels, 16 and 16.
template <typename Grid>
void codes_of(const float *weights, int32_t bits, bytes16 (&codes)[2]) {
  const double scale = half_to_float((uint16_t)(bits & ~NEGATIVE));
  if (scale == 0) {
    codes[0] = codes[1] = (uint8_t)Grid::NEAREST_ZERO - bytes16{};
    return;
  }
  const vdouble sign = splat(bits & NEGATIVE ? -1.0 : 1.0);
  uint8_t bytes[SCALED_BLOCK];
  for (int i = 0; i < SCALED_BLOCK; i += DOUBLES) {
    const auto places = Grid::place(sign * load_widened(weights + i), splat(scale), splat(1 / scale));
    for (int lane = 0; lane < DOUBLES; lane += 1) bytes[i + lane] = (uint8_t)places[lane];
  }
  codes[0] = load_bytes(bytes);
  codes[1] = load_bytes(bytes + 16);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
