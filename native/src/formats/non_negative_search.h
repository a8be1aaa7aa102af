// Search for d or dmin of a super-block, `x ~ scale * code` with codes 0 ... maximum, one block per lane.
//
// Each lane does the single-precision operations of ggml's make_qp_quants in their order; the readable twin
// is main/engine/quantizers/non-negative-search.ts.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Below this a super-block counts as all zero, as in ggml.
constexpr float NO_SCALE = 1e-15f;

// Codes are kept as bytes: what is negative wraps around, as in ggml.
QUANTALOUPE_INLINE vint as_byte(vint code) { return code & 255; }

// sum w (x - scale * code)^2.
template <bool FIRST, int COUNT>
QUANTALOUPE_INLINE vfloat non_negative_error(const vfloat (&x)[COUNT], const vfloat (&weights)[COUNT],
                                             vfloat inverse, int maximum_code) {
  const vfloat scale = 1.f / inverse;
  vfloat sum = {};
  for (int i = 0; i < COUNT; i += 1) {
    const vint nearest = nearest_int(inverse * x[i]);
    const vint code = FIRST ? as_byte(nearest) : minimum(splat(maximum_code), nearest);
    const vfloat error = x[i] - scale * to_float(code);
    sum += weights[i] * error * error;
  }
  return sum;
}

template <int COUNT>
QUANTALOUPE_INLINE vfloat best_inverse(const vfloat (&x)[COUNT], const vfloat (&weights)[COUNT],
                                       vfloat largest, int maximum_code) {
  vfloat best = (float)maximum_code / largest;
  vfloat best_error = non_negative_error<true>(x, weights, best, maximum_code);
  for (int step = -4; step <= 4; step += 1) {
    if (step == 0) continue;
    const vfloat inverse = (0.1f * (float)step + (float)maximum_code) / largest;
    const vfloat error = non_negative_error<false>(x, weights, inverse, maximum_code);
    const vint better = error < best_error;
    best = select(better, inverse, best);
    best_error = select(better, error, best_error);
  }
  return best;
}

// Moves single codes where that improves the fit, at most five rounds. Lanes that are finished stay as they
// are: a round that changed nothing changes nothing again.
template <int COUNT>
QUANTALOUPE_INLINE void refine_non_negative(const vfloat (&x)[COUNT], const vfloat (&weights)[COUNT],
                                            int maximum_code, vint (&codes)[COUNT], vfloat &products,
                                            vfloat &squares) {
  for (int round = 0; round < 5; round += 1) {
    vint changed = {};
    for (int i = 0; i < COUNT; i += 1) {
      const vfloat weighted = weights[i] * x[i];
      const vfloat code = to_float(codes[i]);
      vfloat rest_products = products - weighted * code;
      vfloat rest_squares = squares - weights[i] * code * code;
      const vint positive = (rest_products > 0.f) & (rest_squares > 0.f);
      const vint moved = minimum(splat(maximum_code), nearest_int(x[i] * rest_squares / rest_products));
      rest_products += weighted * to_float(moved);
      rest_squares += weights[i] * to_float(moved) * to_float(moved);
      const vint gains = rest_products * rest_products * squares > products * products * rest_squares;
      const vint better = positive & (moved != codes[i]) & gains;
      codes[i] = select(better, as_byte(moved), codes[i]);
      products = select(better, rest_products, products);
      squares = select(better, rest_squares, squares);
      changed |= better;
    }
    if (!any(changed)) break;
  }
}

// Scale of each lane's COUNT values; weights are the summed weights of each sub-block.
template <int COUNT>
QUANTALOUPE_INLINE vfloat search_non_negative(const vfloat (&x)[COUNT], const vfloat (&weights)[COUNT],
                                              int maximum_code, vint (&codes)[COUNT]) {
  vfloat largest = {};
  for (int i = 0; i < COUNT; i += 1) largest = maximum(largest, x[i]);
  const vint none = largest < NO_SCALE;
  const vfloat inverse = best_inverse(x, weights, largest, maximum_code);
  vfloat products = {};
  vfloat squares = {};
  for (int i = 0; i < COUNT; i += 1) {
    const vint code = minimum(splat(maximum_code), nearest_int(inverse * x[i]));
    codes[i] = as_byte(code);
    products += weights[i] * x[i] * to_float(code);
    squares += weights[i] * to_float(code) * to_float(code);
  }
  refine_non_negative(x, weights, maximum_code, codes, products, squares);
  for (int i = 0; i < COUNT; i += 1) codes[i] = select(none, splat(0), codes[i]);
  return select(~none & (squares > 0.f), products / squares, splat(0.f));
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
