// What Q4_1 and Q5_1 share: blocks of 32 weights, weight = scale * code + low.
// The twin of quantizeAffineBlocks in main/engine/quantizers/legacy-quantize.ts.
//
// Without importance a block is spread over the lanes: its extremes are the same in any order, and codes wait
// for nothing. With it, every block has a lane to itself for the search.
//
// A format is a struct with
//   MAX_CODE, WORDS      highest code, 32-bit words of a block
//   search               trial scales with importance
//   pack(codes, block)   codes of a block as bytes
//   pack_words(codes, words)  codes of LANES blocks
#pragma once

#include "affine_search.h"
#include "bytes.h"
#include "half.h"
#include "kernels.h"
#include "legacy_rows.h"
#include "words.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Scale and low end of LANES blocks without importance.
struct LegacyRanges {
  float low[LANES];
  float inverse[LANES];
  int32_t words[LANES];  // scale and low end as f16
};

// The zero that ggml takes for the smallest weight of a block without negative ones: the first, whose sign it
// stores.
QUANTALOUPE_INLINE float first_zero(const float *block) {
  int i = 0;
  while (block[i] != 0.f) i += 1;
  return block[i];
}

// Extremes of LANES blocks that follow one another.
QUANTALOUPE_INLINE void find_extremes(const float *blocks, vfloat &low, vfloat &high) {
  vfloat lows[LANES], highs[LANES];
  for (int lane = 0; lane < LANES; lane += 1) {
    const float *block = blocks + LEGACY_BLOCK * lane;
    lows[lane] = highs[lane] = load(block);
    for (int i = LANES; i < LEGACY_BLOCK; i += LANES) {
      const vfloat values = load(block + i);
      lows[lane] = minimum(values, lows[lane]);
      highs[lane] = maximum(values, highs[lane]);
    }
  }
  transpose(lows);
  transpose(highs);
  low = lows[0];
  high = highs[0];
  for (int i = 1; i < LANES; i += 1) {
    low = minimum(lows[i], low);
    high = maximum(highs[i], high);
  }
  if (!any(low == 0.f)) return;
  for (int lane = 0; lane < LANES; lane += 1) {
    if (low[lane] == 0.f) low[lane] = first_zero(blocks + LEGACY_BLOCK * lane);
  }
}

// An inverse of infinity, of a subnormal scale, makes every product infinite or NaN, which x86 turns to code
// 0; an inverse of 0 says the same without such a conversion.
QUANTALOUPE_INLINE void measure_ranges(const float *blocks, int maximum_code, LegacyRanges &ranges) {
  vfloat low, high;
  find_extremes(blocks, low, high);
  // Not -0 where all are zeros of either sign.
  const vfloat range = maximum(high - low, splat(0.f));
  const vfloat scale = range / (float)maximum_code;
  const vfloat inverse = 1.f / scale;
  store(ranges.low, low);
  store(ranges.inverse, select(inverse < __builtin_inff(), inverse, splat(0.f)));
  store(ranges.words, float_to_half(scale) | float_to_half(low) << 16);
}

// A difference that is infinite has inverse 0: their product is no number, and its code 0.
template <int MAX_CODE>
QUANTALOUPE_INLINE bytes16 range_codes(const float *values, float low, float inverse) {
  vint codes[16 / LANES];
  for (int i = 0; i < 16 / LANES; i += 1) {
    const vfloat product = (load(values + LANES * i) - low) * inverse;
    codes[i] = to_int(maximum(product, splat(0.f)) + 0.5f);
  }
  constexpr uint8_t maximum_code = MAX_CODE;
  const bytes16 bytes = narrow(codes);
  const bytes16 highest = maximum_code - bytes16{};
  return bytes < highest ? bytes : highest;
}

template <typename Format>
QUANTALOUPE_INLINE void encode_ranges(const float *blocks, const LegacyRanges &ranges, int count,
                                      uint8_t *out) {
  for (int lane = 0; lane < count; lane += 1, out += 4 * Format::WORDS) {
    const float *block = blocks + LEGACY_BLOCK * lane;
    const bytes16 codes[2] = {
        range_codes<Format::MAX_CODE>(block, ranges.low[lane], ranges.inverse[lane]),
        range_codes<Format::MAX_CODE>(block + 16, ranges.low[lane], ranges.inverse[lane]),
    };
    memcpy(out, &ranges.words[lane], 4);
    Format::pack(codes, out);
  }
}

template <typename Format>
void quantize_ranges(const Rows &rows) {
  const size_t blocks = rows.rows * (rows.row_length / LEGACY_BLOCK);
  LegacyRanges ranges;
  size_t at = 0;
  for (; at + LANES <= blocks; at += LANES) {
    const float *from = rows.weights + at * LEGACY_BLOCK;
    measure_ranges(from, Format::MAX_CODE, ranges);
    encode_ranges<Format>(from, ranges, LANES, rows.out + at * (4 * Format::WORDS));
  }
  if (at == blocks) return;
  const int count = (int)(blocks - at);
  const float *from = rows.weights + at * LEGACY_BLOCK;
  float rest[LANES * LEGACY_BLOCK] = {};
  memcpy(rest, from, sizeof(float) * LEGACY_BLOCK * count);
  measure_ranges(rest, Format::MAX_CODE, ranges);
  encode_ranges<Format>(rest, ranges, count, rows.out + at * (4 * Format::WORDS));
}

// LANES blocks of the rows of a bunch.
struct LegacyBlocks {
  const float *weights[LANES];
  const float *importance[LANES];
  float variance[LANES];
  uint8_t *out[LANES];
  int count;  // those that are no repetition
};

// The blocks from `first` on; behind the last one it is repeated.
QUANTALOUPE_INLINE void find_blocks(const Rows &bunch, const float (&variances)[LANES], int block_bytes,
                                    size_t first, LegacyBlocks &blocks) {
  const size_t per_row = bunch.row_length / LEGACY_BLOCK;
  const size_t total = bunch.rows * per_row;
  blocks.count = first >= total ? 0 : total - first < (size_t)LANES ? (int)(total - first) : LANES;
  for (int lane = 0; lane < LANES; lane += 1) {
    const size_t block = first + lane < total ? first + lane : total - 1;
    blocks.weights[lane] = bunch.weights + block * LEGACY_BLOCK;
    blocks.importance[lane] = bunch.importance + block % per_row * LEGACY_BLOCK;
    blocks.variance[lane] = variances[block / per_row];
    blocks.out[lane] = bunch.out + block * block_bytes;
  }
}

template <typename Format>
void quantize_weighted(const LegacyBlocks (&blocks)[2]) {
  vfloat values[2][LEGACY_BLOCK], weights[2][LEGACY_BLOCK];
  for (int g = 0; g < 2; g += 1) {
    const vfloat variance = load(blocks[g].variance);
    load_columns(blocks[g].weights, values[g]);
    load_columns(blocks[g].importance, weights[g]);
    for (int i = 0; i < LEGACY_BLOCK; i += 1) {
      weights[g][i] *= square_root(variance + values[g][i] * values[g][i]);
    }
  }
  AffineFit fits[2];
  search_affine<false, 2>(values, weights, Format::search, fits);
  for (int g = 0; g < 2; g += 1) {
    vint codes[LEGACY_BLOCK], words[Format::WORDS];
    for (int i = 0; i < LEGACY_BLOCK; i += 1) codes[i] = affine_code(fits[g], values[g][i], Format::MAX_CODE);
    words[0] = float_to_half(fits[g].scale) | float_to_half(fits[g].low) << 16;
    Format::pack_words(codes, words);
    store_blocks(words, blocks[g].out, blocks[g].count);
  }
}

// Up to LANES rows with their importance.
template <typename Format>
void quantize_bunch(const Rows &bunch) {
  const float *starts[LANES];
  for (size_t lane = 0; lane < (size_t)LANES; lane += 1) {
    starts[lane] = bunch.weights + (lane < bunch.rows ? lane : bunch.rows - 1) * bunch.row_length;
  }
  float variances[LANES];
  store(variances, row_variances(starts, bunch.row_length));
  const size_t blocks = bunch.rows * (bunch.row_length / LEGACY_BLOCK);
  LegacyBlocks groups[2];
  for (size_t at = 0; at < blocks; at += 2 * LANES) {
    find_blocks(bunch, variances, 4 * Format::WORDS, at, groups[0]);
    find_blocks(bunch, variances, 4 * Format::WORDS, at + LANES, groups[1]);
    quantize_weighted<Format>(groups);
  }
}

template <typename Format>
void quantize_legacy_affine(const Rows &rows) {
  if (!rows.importance) return quantize_ranges<Format>(rows);
  const size_t row_bytes = rows.row_length / LEGACY_BLOCK * (4 * Format::WORDS);
  for (size_t row = 0; row < rows.rows; row += LANES) {
    Rows bunch = rows;
    bunch.weights += row * rows.row_length;
    bunch.out += row * row_bytes;
    bunch.rows = rows.rows - row < (size_t)LANES ? rows.rows - row : LANES;
    quantize_bunch<Format>(bunch);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
