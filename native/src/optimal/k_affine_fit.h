// Scale and minimum of each sub-block by itself; the twin of main/engine/quantizers/optimal/k-affine-fit.ts.
#pragma once

#include "k_affine_block.h"

namespace quantaloupe::QUANTALOUPE_TARGET::k_affine {

constexpr double SHIFTS[] = {-0.4, -0.15, 0.15, 0.4};
constexpr double STRETCHES[] = {-1.5, -1.1, -0.7, -0.3, 0.1, 0.5, 0.9};
constexpr int POLISHES = 3;
constexpr double LEAST_SPREAD = 1e-12;

// Fits scale and minimum to codes, and keeps them where they are better.
template <typename Format>
QUANTALOUPE_INLINE void keep_fit(const AffineBlock<Format> &block, int v, const CodeSums &sums,
                                 Choices<Format> &fits) {
  const vdouble weight_sum = block.weight_sums[v], values = block.values[v];
  const vdouble straight = weight_sum * sums.squares;
  const vdouble determinant = straight - sums.codes * sums.codes;
  const vdouble inverse = 1. / determinant;
  const vdouble scale = (weight_sum * sums.products - values * sums.codes) * inverse;
  const vdouble minimum = (sums.codes * sums.products - sums.squares * values) * inverse;
  const vdouble error = block.error_of(v, sums, scale, minimum);
  const vlong better = (determinant > LEAST_SPREAD * straight) & (scale > 0.) & (error < fits.errors[v]);
  if (any(better)) fits.keep(v, better, scale, minimum, error, sums);
}

template <typename Format>
QUANTALOUPE_INLINE void fit_constant(const AffineBlock<Format> &block, int v, Choices<Format> &fits) {
  const CodeSums none = {};
  const vdouble minimum = block.best_minimum(v, splat(0.), splat(0.));
  fits.keep(v, ~vlong{}, splat(0.), minimum, block.error_of(v, none, splat(0.), minimum), none);
}

// Of block.ROUNDED vectors of sub-blocks from `first` on.
template <typename Format>
void fit_vectors(const AffineBlock<Format> &block, int first, Choices<Format> &fits) {
  constexpr int ROUNDED = AffineBlock<Format>::ROUNDED;
  vdouble span[ROUNDED], inverse_span[ROUNDED], centre[ROUNDED], inverse_scales[ROUNDED], minima[ROUNDED];
  CodeSums sums[ROUNDED];
  for (int v = 0; v < ROUNDED; v += 1) {
    const vdouble lowest = block.lowest[first + v], highest = block.highest[first + v];
    fit_constant(block, first + v, fits);
    span[v] = highest - lowest;
    inverse_span[v] = 1. / span[v];
    centre[v] = (lowest + highest) * 0.5;
  }
  for (double shift : SHIFTS) {
    for (double stretch : STRETCHES) {
      const double spanned = Format::MAX_CODE + stretch;
      const double place = (Format::MAX_CODE * 0.5 + shift) / spanned;
      for (int v = 0; v < ROUNDED; v += 1) {
        inverse_scales[v] = spanned * inverse_span[v];
        minima[v] = place * span[v] - centre[v];
      }
      block.round(first, inverse_scales, minima, sums);
      for (int v = 0; v < ROUNDED; v += 1) keep_fit(block, first + v, sums[v], fits);
    }
  }
  for (int polish = 0; polish < POLISHES; polish += 1) {
    for (int v = 0; v < ROUNDED; v += 1) {
      inverse_scales[v] = 1. / fits.scales[first + v];
      minima[v] = fits.minima[first + v];
    }
    block.round(first, inverse_scales, minima, sums);
    for (int v = 0; v < ROUNDED; v += 1) keep_fit(block, first + v, sums[v], fits);
  }
}

// Weighted least squares over the codes of trial scales and offsets; the best of them polished.
template <typename Format>
void fit_sub_blocks(const AffineBlock<Format> &block, Choices<Format> &fits) {
  for (int v = 0; v < block.VECTORS; v += block.ROUNDED) fit_vectors(block, v, fits);
}

// The same fits with codes counted from the other end.
template <typename Format>
void mirror_fits(const AffineBlock<Format> &block, const Choices<Format> &fits, Choices<Format> &out) {
  constexpr double maximum_code = Format::MAX_CODE;
  for (int v = 0; v < block.VECTORS; v += 1) {
    const vdouble whole = maximum_code * block.weight_sums[v];
    out.scales[v] = -fits.scales[v];
    out.minima[v] = fits.minima[v] - fits.scales[v] * maximum_code;
    out.errors[v] = fits.errors[v];
    out.code_sums[v] = whole - fits.code_sums[v];
    out.code_squares[v] = maximum_code * (whole - 2. * fits.code_sums[v]) + fits.code_squares[v];
    out.products[v] = maximum_code * block.values[v] - fits.products[v];
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET::k_affine
