// What Q4_0 and Q5_0 share: blocks of 32 weights, weight = d * (code - MAXIMUM), codes 0 ... 2 MAXIMUM - 1.
// The twin of quantizeSymmetricBlocks in main/engine/quantizers/legacy-quantize.ts.
//
// A format is a struct with
//   MAXIMUM, BYTES       as above; bytes of a block
//   pack(codes, block)   writes the codes of a block, 16 and 16, behind d
#pragma once

#include "batch.h"
#include "half.h"
#include "legacy_rows.h"
#include "plain_blocks.h"
#include "symmetric_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// The first weight of largest magnitude.
QUANTALOUPE_INLINE float first_extreme(const float *weights, float largest) {
  int i = 0;
  while (weights[i] != largest && weights[i] != -largest) i += 1;
  return weights[i];
}

// Weights of largest magnitude of LANES blocks that follow one another, the first of equals; 0 in blocks of
// zeros.
QUANTALOUPE_INLINE vfloat find_extremes(const float *weights) {
  vfloat highs[LANES] = {};
  vfloat lows[LANES] = {};
  for (int block = 0; block < LANES; block += 1) {
    for (int i = 0; i < LEGACY_VECTORS; i += 1) {
      const vfloat values = load(weights + LEGACY_BLOCK * block + LANES * i);
      highs[block] = maximum(values, highs[block]);
      lows[block] = maximum(-values, lows[block]);
    }
  }
  const vfloat high = largest_of_each(highs);
  const vfloat low = largest_of_each(lows);
  vfloat extreme = select(high > low, high, -low);
  // Zeros of either sign are 0.
  extreme = select((high == 0.f) & (low == 0.f), vfloat{}, extreme);
  const uint32_t ties = mask_bits((high == low) & (high > 0.f));
  for (int block = 0; ties >> block; block += 1) {
    if (ties >> block & 1) extreme[block] = first_extreme(weights + LEGACY_BLOCK * block, high[block]);
  }
  return extreme;
}

// Without importance: the extreme becomes code 0.
template <typename Format>
PlainScales measure(const float *weights) {
  const vfloat scale = find_extremes(weights) / -(float)Format::MAXIMUM;
  const vfloat inverse = 1.f / scale;
  // The inverse of the smallest scales is infinite, and all codes are 0; zeros have the code MAXIMUM.
  const vint usable = magnitude(inverse) < __builtin_inff();
  PlainScales scales;
  store(scales.inverses, select(usable, inverse, vfloat{}));
  store(scales.shifts, select(usable | (scale == 0.f), splat(Format::MAXIMUM + 0.5f), vfloat{}));
  store(scales.halves, float_to_half(scale));
  return scales;
}

template <typename Format>
void encode(const float *weights, const PlainScales &scales, int count, uint8_t *out) {
  constexpr int HIGHEST = 2 * Format::MAXIMUM - 1;
  for (int block = 0; block < count; block += 1, weights += LEGACY_BLOCK, out += Format::BYTES) {
    const bytes16 codes[2] = {
        cut_codes(weights, scales.inverses[block], scales.shifts[block], HIGHEST),
        cut_codes(weights + 16, scales.inverses[block], scales.shifts[block], HIGHEST),
    };
    store_half(out, (uint16_t)scales.halves[block]);
    Format::pack(codes, out);
  }
}

// With importance: `variance` is the mean square of the row.
template <typename Format>
QUANTALOUPE_INLINE void quantize_by_search(const BlockBatch &batch, float variance) {
  WeightedBlocks<LEGACY_BLOCK> blocks;
  load_columns(batch.weights, blocks.x);
  load_columns(batch.importance, blocks.w);
  for (int i = 0; i < LEGACY_BLOCK; i += 1) {
    blocks.w[i] *= square_root(variance + blocks.x[i] * blocks.x[i]);
    blocks.wx[i] = blocks.w[i] * blocks.x[i];
  }
  const SymmetricFit fit = search_symmetric<Format::MAXIMUM>(blocks, signed_extreme(blocks.x));
  const vint halves = float_to_half(fit.scale);
  for (int lane = 0; lane < batch.count; lane += 1) {
    const bytes16 codes[2] = {
        searched_codes<Format::MAXIMUM>(batch.weights[lane], fit.inverse[lane]),
        searched_codes<Format::MAXIMUM>(batch.weights[lane] + 16, fit.inverse[lane]),
    };
    store_half(batch.out[lane], (uint16_t)halves[lane]);
    Format::pack(codes, batch.out[lane]);
  }
}

// LANES rows at a time, whose mean squares are summed side by side.
template <typename Format>
void quantize_weighted(const Rows &rows) {
  const size_t row_bytes = rows.row_length / LEGACY_BLOCK * Format::BYTES;
  for (size_t first = 0; first < rows.rows; first += LANES) {
    const float *starts[LANES];
    for (size_t lane = 0; lane < (size_t)LANES; lane += 1) {
      const size_t row = first + lane < rows.rows ? first + lane : rows.rows - 1;
      starts[lane] = rows.weights + row * rows.row_length;
    }
    float variances[LANES];
    store(variances, row_variances(starts, rows.row_length));
    for (size_t lane = 0; lane < (size_t)LANES && first + lane < rows.rows; lane += 1) {
      uint8_t *out = rows.out + (first + lane) * row_bytes;
      const Rows row = {starts[lane], rows.importance, 1, rows.row_length, out};
      for_each_block_batch<LEGACY_BLOCK, Format::BYTES>(row, [&](const BlockBatch &batch) {
        quantize_by_search<Format>(batch, variances[lane]);
      });
    }
  }
}

template <typename Format>
void quantize_legacy_symmetric(const Rows &rows) {
  if (rows.importance) return quantize_weighted<Format>(rows);
  for_each_plain_batch<Format::BYTES>(rows, measure<Format>, encode<Format>);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
