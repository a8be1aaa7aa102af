// What Q2_K, Q4_K and Q5_K share: super-blocks of 256 weights,
// weight = (d * scale) * code - (dmin * minimum). The twin of main/engine/quantizers/k-affine.ts.
//
// LANES super-blocks are quantized together, one per lane from the search for scales to the packed words.
//
// A format is a struct with
//   COUNT, MAX_CODE, MAX_SCALE   weights of a sub-block, highest codes
//   WORDS                        32-bit words of a block
//   ABSOLUTE                     what the search without importance minimises
//   plain_search, weighted_search
//   VARIANCE                     factor of the mean square in the weights with importance
//   LIMITS_PLAIN, LIMITS_WEIGHTED  whether scale codes that wrapped around become the highest
//   plain_weights(values, weights)  error weights without importance
//   pack_scales(d, dmin, scales, minima, words)  writes words; the codes become what the words say
//   pack_codes(codes, words)
#pragma once

#include "affine_search.h"
#include "batch.h"
#include "half.h"
#include "non_negative_search.h"
#include "words.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SUPER_BLOCK = 256;

// Codes of the scales and minima of each super-block, d and dmin as f16.
template <typename Format>
struct ScaleCodes {
  static constexpr int SUB_BLOCKS = SUPER_BLOCK / Format::COUNT;
  vint scales[SUB_BLOCKS];
  vint minima[SUB_BLOCKS];
  vint d;
  vint dmin;
};

// Without importance, the largest scale takes the highest code; returns d or dmin as f16.
template <bool LIMITS, int COUNT>
QUANTALOUPE_INLINE vint quantize_scales(const vfloat (&values)[COUNT], int maximum_code,
                                        vint (&codes)[COUNT]) {
  vfloat largest = {};
  for (int j = 0; j < COUNT; j += 1) largest = maximum(values[j], largest);
  const vfloat inverse = select(largest > 0.f, (float)maximum_code / largest, splat(0.f));
  for (int j = 0; j < COUNT; j += 1) {
    const vint code = as_byte(nearest_int(inverse * values[j]));
    codes[j] = LIMITS ? minimum(splat(maximum_code), code) : code;
  }
  return float_to_half(largest / (float)maximum_code);
}

template <bool LIMITS, int COUNT>
QUANTALOUPE_INLINE vint search_scales(const vfloat (&values)[COUNT], const vfloat (&weights)[COUNT],
                                      int maximum_code, vint (&codes)[COUNT]) {
  const vfloat scale = search_non_negative(values, weights, maximum_code, codes);
  if (LIMITS) {
    for (int j = 0; j < COUNT; j += 1) codes[j] = minimum(splat(maximum_code), codes[j]);
  }
  return float_to_half(scale);
}

// VARIANCE times the mean square of each super-block, summed in order.
template <typename Format>
QUANTALOUPE_INLINE vfloat super_block_variance(const vfloat (*values)[Format::COUNT]) {
  vfloat sum = {};
  for (int j = 0; j < SUPER_BLOCK / Format::COUNT; j += 1) {
    for (int i = 0; i < Format::COUNT; i += 1) sum += values[j][i] * values[j][i];
  }
  return Format::VARIANCE * sum / (float)SUPER_BLOCK;
}

// Importance times the root of (variance + squared value), of the sub-block that starts at column `at`.
template <int COUNT>
QUANTALOUPE_INLINE void importance_weights(const float *const (&importance)[LANES], int at, vfloat variance,
                                           const vfloat (&values)[COUNT], vfloat (&weights)[COUNT]) {
  load_part(importance, at, weights);
  for (int i = 0; i < COUNT; i += 1) weights[i] *= square_root(variance + values[i] * values[i]);
}

template <typename Format>
void search_plain(const vfloat (*values)[Format::COUNT], AffineFit *fits) {
  constexpr int COUNT = Format::COUNT;
  vfloat weights[2][COUNT];
  for (int j = 0; j < SUPER_BLOCK / COUNT; j += 2) {
    Format::plain_weights(values[j], weights[0]);
    Format::plain_weights(values[j + 1], weights[1]);
    search_affine<Format::ABSOLUTE, 2>(values + j, weights, Format::plain_search, fits + j);
  }
}

template <typename Format>
void search_weighted(const vfloat (*values)[Format::COUNT], const float *const (&importance)[LANES],
                     AffineFit *fits) {
  constexpr int COUNT = Format::COUNT;
  const vfloat variance = super_block_variance<Format>(values);
  vfloat weights[2][COUNT];
  for (int j = 0; j < SUPER_BLOCK / COUNT; j += 2) {
    importance_weights(importance, COUNT * j, variance, values[j], weights[0]);
    importance_weights(importance, COUNT * j + COUNT, variance, values[j + 1], weights[1]);
    search_affine<false, 2>(values + j, weights, Format::weighted_search, fits + j);
  }
}

template <typename Format>
QUANTALOUPE_INLINE void choose_scales(const AffineFit *fits, bool weighted, ScaleCodes<Format> &codes) {
  constexpr int SUB_BLOCKS = SUPER_BLOCK / Format::COUNT;
  vfloat scales[SUB_BLOCKS], minima[SUB_BLOCKS], weights[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    scales[j] = fits[j].scale;
    minima[j] = -fits[j].low;
    weights[j] = fits[j].weight_sum;
  }
  if (weighted) {
    codes.d = search_scales<Format::LIMITS_WEIGHTED>(scales, weights, Format::MAX_SCALE, codes.scales);
    codes.dmin = search_scales<Format::LIMITS_WEIGHTED>(minima, weights, Format::MAX_SCALE, codes.minima);
  } else {
    codes.d = quantize_scales<Format::LIMITS_PLAIN>(scales, Format::MAX_SCALE, codes.scales);
    codes.dmin = quantize_scales<Format::LIMITS_PLAIN>(minima, Format::MAX_SCALE, codes.minima);
  }
}

// Rounds every weight to the nearest code under the scales as stored; a scale of 0 keeps the search's codes.
template <typename Format>
QUANTALOUPE_INLINE void encode(const vfloat (*values)[Format::COUNT], const AffineFit *fits,
                               const ScaleCodes<Format> &scale_codes, vint (*codes)[Format::COUNT]) {
  const vfloat d = half_to_float(scale_codes.d);
  const vfloat dmin = half_to_float(scale_codes.dmin);
  for (int j = 0; j < SUPER_BLOCK / Format::COUNT; j += 1) {
    const vfloat scale = d * to_float(scale_codes.scales[j]);
    const vfloat minimum = dmin * to_float(scale_codes.minima[j]);
    for (int i = 0; i < Format::COUNT; i += 1) {
      codes[j][i] = limited_code((values[j][i] + minimum) / scale, Format::MAX_CODE);
    }
    const vint keeps = scale == 0.f;
    if (!any(keeps)) continue;
    for (int i = 0; i < Format::COUNT; i += 1) {
      codes[j][i] = select(keeps, affine_code(fits[j], values[j][i], Format::MAX_CODE), codes[j][i]);
    }
  }
}

template <typename Format>
void quantize_super_blocks(const BlockBatch &blocks) {
  constexpr int COUNT = Format::COUNT;
  constexpr int SUB_BLOCKS = SUPER_BLOCK / COUNT;
  const bool weighted = blocks.importance[0] != nullptr;
  vfloat values[SUB_BLOCKS][COUNT];
  load_columns(blocks.weights, *(vfloat(*)[SUPER_BLOCK])values);
  AffineFit fits[SUB_BLOCKS];
  if (weighted) search_weighted<Format>(values, blocks.importance, fits);
  else search_plain<Format>(values, fits);
  ScaleCodes<Format> scale_codes;
  choose_scales(fits, weighted, scale_codes);
  vint words[Format::WORDS];
  Format::pack_scales(scale_codes, words);
  vint codes[SUB_BLOCKS][COUNT];
  encode(values, fits, scale_codes, codes);
  Format::pack_codes(codes, words);
  store_blocks(words, blocks.out, blocks.count);
}

template <typename Format>
void quantize_affine(const Rows &rows) {
  for_each_block_batch<SUPER_BLOCK, 4 * Format::WORDS>(rows, [](const BlockBatch &blocks) {
    quantize_super_blocks<Format>(blocks);
  });
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
