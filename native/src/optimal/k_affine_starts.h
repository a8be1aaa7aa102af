// Where the search for d and dmin starts; the twin of main/engine/quantizers/optimal/k-affine-starts.ts.
#pragma once

#include "half_near.h"
#include "k_affine_block.h"

namespace quantaloupe::QUANTALOUPE_TARGET::k_affine {

// Values of f16.
struct Pair {
  double d;
  double dmin;
};

// The best LENGTH of several, in order; of equal ones the first comes first.
template <typename Item, int LENGTH>
struct Ranking {
  Item items[LENGTH];
  double errors[LENGTH];
  int count = 0;

  Ranking() {
    for (double &error : errors) error = __builtin_inf();
  }

  void add(const Item &item, double error) {
    if (!(error < errors[LENGTH - 1])) return;
    int at = LENGTH - 1;
    for (; at > 0 && error < errors[at - 1]; at -= 1) {
      errors[at] = errors[at - 1];
      items[at] = items[at - 1];
    }
    errors[at] = error;
    items[at] = item;
    if (count < LENGTH) count += 1;
  }
};

constexpr int SCALE_RATIOS = 25;
constexpr int MINIMUM_RATIOS = 17;
constexpr int SCALES_KEPT = 3;
constexpr int PAIRS_KEPT = 2;

// Fits under one scale code each.
template <typename Format>
struct ScaledFits {
  SubBlocks<Format> errors;  // with a minimum of 0
  SubBlocks<Format> crossed;
  SubBlocks<Format> minima;
};

template <typename Format>
struct StartingPairs {
  static constexpr int COUNT = SubBlocks<Format>::COUNT;
  static constexpr double MAX_SCALE = Format::MAX_SCALE;
  const AffineBlock<Format> &block;
  const Choices<Format> &fits;

  Ranking<Pair, PAIRS_KEPT> best() const {
    double minima[2 * MINIMUM_RATIOS];
    const int tried = tried_minima(minima);
    const auto scales = best_scales();
    Ranking<Pair, PAIRS_KEPT> pairs;
    for (int i = 0; i < scales.count; i += 1) {
      ScaledFits<Format> scaled[2];
      set_scale(scales.items[i], scaled);
      for (int k = 0; k < tried; k += 1) pairs.add({scales.items[i], minima[k]}, pair_error(scaled, minima[k]));
    }
    return pairs;
  }

 private:
  // Values of d by what the fits lose if every minimum follows freely.
  Ranking<double, SCALES_KEPT> best_scales() const {
    double scales[COUNT];
    fits.scales.store_to(scales);
    double largest = 0;
    for (double scale : scales) {
      if (__builtin_fabs(scale) > __builtin_fabs(largest)) largest = scale;
    }
    Ranking<double, SCALES_KEPT> ranking;
    for (int i = 0; i < SCALE_RATIOS; i += 1) {
      const double ratio = (76 + 2 * i) / 100.;
      const double d = half_near(largest / (MAX_SCALE * ratio));
      ranking.add(d, scale_loss(d));
    }
    return ranking;
  }

  double scale_loss(double d) const {
    const double inverse = inverse_of(d);
    SubBlocks<Format> losses;
    for (int v = 0; v < block.VECTORS; v += 1) {
      const vdouble scale = fits.scales[v], code_sum = fits.code_sums[v];
      const vdouble change = d * limited(nearest_whole(scale * inverse), MAX_SCALE) - scale;
      const vdouble spread = fits.code_squares[v] - code_sum * code_sum * block.inverse_weights[v];
      losses[v] = change * change * spread;
    }
    return losses.sum();
  }

  // dmin of either sign that minima have; how many.
  int tried_minima(double (&out)[2 * MINIMUM_RATIOS]) const {
    double minima[COUNT];
    fits.minima.store_to(minima);
    double extremes[2] = {0, 0};
    for (double minimum : minima) {
      if (minimum > extremes[0]) extremes[0] = minimum;
      if (minimum < extremes[1]) extremes[1] = minimum;
    }
    int count = 0;
    for (double extreme : extremes) {
      if (extreme == 0) continue;
      for (int i = 0; i < MINIMUM_RATIOS; i += 1) {
        const double ratio = (76 + 3 * i) / 100.;
        out[count] = half_near(extreme / (MAX_SCALE * ratio));
        count += 1;
      }
    }
    if (count > 0) return count;
    out[0] = 0;
    return 1;
  }

  // What does not depend on dmin in the error of the fits' codes: two scale codes for each sub-block under d.
  void set_scale(double d, ScaledFits<Format> (&scaled)[2]) const {
    const double inverse = inverse_of(d);
    for (int v = 0; v < block.VECTORS; v += 1) {
      const vdouble ideal = fits.scales[v] * inverse;
      const vdouble nearest = nearest_whole(ideal);
      const vdouble other = select(ideal > nearest, nearest + 1., nearest - 1.);
      const CodeSums sums = fits.sums(v);
      for (int k = 0; k < 2; k += 1) {
        const vdouble scale = d * limited(k == 0 ? nearest : other, MAX_SCALE);
        scaled[k].errors[v] = block.squares[v] + block.error_of_scale(sums, scale);
        scaled[k].crossed[v] = block.values[v] - scale * sums.codes;
        scaled[k].minima[v] = block.best_minimum(v, scale, sums.codes);
      }
    }
  }

  // Error of the fits' codes under d and dmin, each sub-block with the better of two scale codes.
  double pair_error(const ScaledFits<Format> (&scaled)[2], double dmin) const {
    const double inverse = inverse_of(dmin);
    SubBlocks<Format> errors;
    for (int v = 0; v < block.VECTORS; v += 1) {
      vdouble of_code[2];
      for (int k = 0; k < 2; k += 1) {
        const vdouble code = limited(nearest_whole(scaled[k].minima[v] * inverse), MAX_SCALE);
        const vdouble of_minimum = block.error_of_minimum(v, scaled[k].crossed[v], dmin * code);
        of_code[k] = scaled[k].errors[v] + of_minimum;
      }
      errors[v] = minimum(of_code[1], of_code[0]);
    }
    return errors.sum();
  }
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET::k_affine
