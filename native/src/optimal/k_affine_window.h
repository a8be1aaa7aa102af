// Scale and minimum codes for given d and dmin, and d and dmin for given codes; the twin of
// main/engine/quantizers/optimal/k-affine-window.ts.
#pragma once

#include "k_affine_starts.h"

namespace quantaloupe::QUANTALOUPE_TARGET::k_affine {

constexpr int REACH = 1;
constexpr int NEIGHBOURS = 2;

// d and dmin with scale and minimum codes (and the sums over weight codes) of every sub-block.
template <typename Format>
struct AffineSolution {
  Pair pair = {0, 0};
  double error = __builtin_inf();
  Choices<Format> choices;
};

// Chooses scale and minimum codes near a centre, whose scales and minima are multiples of `units`: for each scale code
// the nearest weight codes, then their best minimum.
template <typename Format>
void search_window(const AffineBlock<Format> &block, const Choices<Format> &centre, Pair units, Pair pair,
                   AffineSolution<Format> &out) {
  constexpr int ROUNDED = AffineBlock<Format>::ROUNDED;
  const double inverse = inverse_of(pair.d), inverse_minimum = inverse_of(pair.dmin);
  const auto minimum_code = [&](vdouble minimum) {
    return limited(nearest_whole(minimum * inverse_minimum), Format::MAX_SCALE);
  };
  for (int first = 0; first < block.VECTORS; first += ROUNDED) {
    for (int step = -REACH; step <= REACH; step += 1) {
      vdouble codes[ROUNDED], scales[ROUNDED], inverse_scales[ROUNDED], minima[ROUNDED];
      CodeSums sums[ROUNDED];
      for (int v = 0; v < ROUNDED; v += 1) {
        const vdouble centre_scale = units.d * centre.scales[first + v];
        const vdouble centre_minimum = units.dmin * centre.minima[first + v];
        const vdouble slope = centre.code_sums[first + v] * block.inverse_weights[first + v];
        codes[v] = limited(nearest_whole(centre_scale * inverse) + (double)step, Format::MAX_SCALE);
        scales[v] = pair.d * codes[v];
        inverse_scales[v] = inverse_of(scales[v]);
        minima[v] = pair.dmin * minimum_code(centre_minimum + slope * (scales[v] - centre_scale));
      }
      block.round(first, inverse_scales, minima, sums);
      for (int v = 0; v < ROUNDED; v += 1) {
        const int at = first + v;
        const vdouble best = minimum_code(block.best_minimum(at, scales[v], sums[v].codes));
        const vdouble error = block.error_of(at, sums[v], scales[v], pair.dmin * best);
        const vlong better = step == -REACH ? ~vlong{} : error < out.choices.errors[at];
        out.choices.keep(at, better, codes[v], best, error, sums[v]);
      }
    }
  }
  out.pair = pair;
  out.error = out.choices.errors.sum();
}

// Coefficients of the error as a form in d and dmin: a d^2 - 2 b d dmin + c dmin^2 - 2 u d + 2 v dmin.
struct PairForm {
  double a, b, c, u, v;

  double error(Pair pair) const {
    const double d = pair.d, dmin = pair.dmin;
    return d * (a * d - 2 * u) + dmin * (c * dmin + 2 * (v - b * d));
  }
};

template <typename Format>
PairForm pair_form(const AffineBlock<Format> &block, const Choices<Format> &choices) {
  SubBlocks<Format> a, b, c, u, v;
  for (int i = 0; i < block.VECTORS; i += 1) {
    const vdouble scale = choices.scales[i], minimum = choices.minima[i];
    a[i] = scale * scale * choices.code_squares[i];
    b[i] = scale * minimum * choices.code_sums[i];
    c[i] = minimum * minimum * block.weight_sums[i];
    u[i] = scale * choices.products[i];
    v[i] = minimum * block.values[i];
  }
  return {a.sum(), b.sum(), c.sum(), u.sum(), v.sum()};
}

// Fits d and dmin to codes by least squares over f16 pairs: for each dmin near the best real one, the best d. Those of
// the solution where no pair is better.
template <typename Format>
Pair fit_pair(const AffineBlock<Format> &block, const AffineSolution<Format> &solution) {
  const PairForm form = pair_form(block, solution.choices);
  const double determinant = form.a * form.c - form.b * form.b;
  const double ideal = determinant > 0 ? (form.b * form.u - form.a * form.v) / determinant
                                       : -form.v * inverse_of(form.c);
  const double inverse = inverse_of(form.a);
  const uint16_t bits = half_bits_near(ideal);
  Pair best = solution.pair;
  double least = form.error(best);
  for (int step = -NEIGHBOURS; step <= NEIGHBOURS; step += 1) {
    const int stepped = (bits & 0x7fff) + step;
    const int magnitude = stepped < 0 ? 0 : stepped < 0x7bff ? stepped : 0x7bff;
    const double dmin = half_to_float((uint16_t)(magnitude | (bits & 0x8000)));
    const Pair pair = {half_near((form.u + form.b * dmin) * inverse), dmin};
    const double error = form.error(pair);
    if (!(error < least)) continue;
    least = error;
    best = pair;
  }
  return best;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET::k_affine
